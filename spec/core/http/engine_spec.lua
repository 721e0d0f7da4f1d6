-- engine: orders that are begun, queued and ended, by one thread or by two.
local Handle = require "spec.support.handle"
local core = require "equinix.core"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local socket = require "socket"

-- The response is the path; to /held when /go was requested.
local SERVER = [[
  local c = ...
  for request in function() return c:request() end do
    while request.path == "/held" and not c.share.go do
      c:sleep(0.005)
    end
    c.share.go = c.share.go or request.path == "/go"
    c:send(c.ok(request.path))
  end
]]

describe("an engine", function()
  local server, engine

  before_each(function()
    server = rawserver.start(SERVER)
    engine = core.engine()
  end)
  after_each(function()
    engine:close()
    server:stop()
  end)

  local function start(path, seconds)
    return assert(engine:start(core.prepare(Handle.request("GET",
      server.url .. path)), seconds or 10))
  end

  -- Steps until n results are there, in the order in which they came.
  local function step(n, limit)
    local results = {}
    assert(process.eventually(function()
      for _, result in ipairs(engine:step(limit)) do
        results[#results + 1] = result
      end
      return #results >= n
    end))
    return results
  end

  it("sends nothing before the first step, and begins a few in each",
    function()
      for i = 1, 5 do
        start("/" .. i)
      end
      assert.is_true(engine:busy())
      local ended = #engine:step(2)
      assert(process.eventually(function()
        ended = ended + #engine:step(0)
        return ended == 2
      end))
      assert.equal(2, #server:requests())
      step(3, 1)
      assert.is_false(engine:busy())
    end)

  it("has under way no more than its limit, in the order of the starts",
    function()
      start "/"
      step(1) -- libcurl knows now that connections can't be shared
      engine:limit(1)
      local held, second = start "/held", start "/second"
      assert(process.eventually(function()
        assert.same({}, engine:step())
        return #server:requests() == 2
      end))
      engine:limit(2)
      assert.equal(second, step(1)[1].number)
      start "/go"
      local ended = {}
      for _, result in ipairs(step(2)) do
        ended[result.response.body] = result.number
      end
      assert.equal(held, ended["/held"])
    end)

  it("ends at its deadline what is still in the queue, as not sent",
    function()
      engine:limit(1)
      start "/held"
      local late = start("/late", 0.05)
      local result = step(1)[1]
      assert.equal(late, result.number)
      assert.same({ "timeout", "queue", false }, { result.err.kind,
        result.err.code, result.err.maybe_sent })
      assert.equal(1, #server:requests())
    end)

  it("cancels what is queued, what is under way and what has ended",
    function()
      engine:limit(1)
      local held, queued = start "/held", start "/queued"
      assert(process.eventually(function()
        engine:step()
        return #server:requests() == 1
      end))
      assert.is_true(engine:cancel(queued))
      assert.is_false(engine:cancel(queued))
      assert.is_true(engine:cancel(held))
      assert.is_false(engine:busy())
      assert.same({}, engine:step())
      assert.equal(1, #server:requests())
    end)

  it("keeps its place in the queue when one before it is cancelled",
    function()
      engine:limit(1)
      start "/1"
      local last = start "/2"
      assert.is_true(engine:cancel(last))
      start "/3"
      local bodies = {}
      for i, result in ipairs(step(2)) do
        bodies[i] = result.response.body
      end
      assert.same({ "/1", "/3" }, bodies)
    end)

  it("has a descriptor that is the same while it is used", function()
    local fd = assert(engine:fd())
    start "/1"
    step(1)
    assert.equal(fd, engine:fd())
  end)

  it("asks its loop for a step when the last one was cancelled", function()
    -- The loop may watch for it, and has to learn that it need not any more.
    local fd = assert(engine:fd())
    local held = start "/held"
    local function readable(seconds)
      local file = { getfd = function() return fd end }
      return #socket.select({ file }, nil, seconds) > 0
    end
    local give_up = core.now() + 60
    while #server:requests() == 0 or readable(0) do
      assert(core.now() < give_up, "it was not sent, or is never idle")
      engine:step()
    end
    assert.is_true(engine:cancel(held))
    assert.is_false(engine:busy())
    assert.is_true(readable(0.1)) -- not when its deadline is over
    assert.same({}, engine:step())
    assert.is_false(readable(0))
  end)

  it("takes no limit below 1, and no number that is none", function()
    for _, use in ipairs {
      function() engine:limit(0) end,
      function() engine:limit "x" end,
      function() engine:step(-1) end,
      function() engine:cancel(0) end,
      function() core.drive("x", 1) end,
      function() core.drive(1, 0 / 0) end,
    } do
      assert.has_error(use)
    end
    assert.is_false(core.drive(0, 0))
    assert.is_false(core.drive(2 ^ 31 - 1, 0))
  end)

  it("is driven by its number, until it has results", function()
    local id = assert(engine:id())
    assert.equal(id, engine:id())
    assert.is_true(core.drive(id, 10)) -- nothing is under way
    local number = start "/1"
    assert.is_true(core.drive(id, 10))
    local results = engine:results()
    assert.equal(number, results[1].number)
    assert.equal("/1", results[1].response.body)
    assert.same({}, engine:results())
    engine:close()
    assert.is_false(core.drive(id, 0))
  end)

  it("gives no more results at a time than it is asked for", function()
    for i = 1, 5 do
      start("/" .. i)
    end
    local id, left = assert(engine:id()), 5
    assert(process.eventually(function()
      core.drive(id, 0.01) -- what has ended stays
      return #server:requests() == 5
    end))
    assert(process.eventually(function()
      core.drive(id, 0.01)
      local n = #engine:results(2)
      assert.is_true(n <= 2, n)
      left = left - n
      return left == 0
    end))
    assert.same({}, engine:results(1))
    assert.is_false(engine:busy())
    assert.has_error(function() engine:results(-1) end)
  end)

  it("loses and mixes up nothing when other threads drive it", function()
    local file = io.open(host.program)
    if not file then
      pending("needs " .. host.program)
      return
    end
    file:close()
    assert.equal("", host.run("--threads 3", "engine_driven", server.url))
  end)

  it("wakes a thread that waits for one transfer, for each one that starts",
    function()
      local file = io.open(host.program)
      if not file then
        pending("needs " .. host.program)
        return
      end
      file:close()
      assert.equal("", host.run("--threads 2", "engine_woken", server.url))
    end)
end)
