-- scheduler: many tasks in one OS thread, which wait at the same time.
local Handle = require "spec.support.handle"
local core = require "equinix.core"
local loop = require "equinix.transport.loop.scheduler"
local rawserver = require "spec.support.rawserver"

-- /held waits for a request for /go; /lost until its client hangs up, and
-- /gone waits for that.
local SERVER = [[
  local c = ...
  local share = c.share
  for request in function() return c:request() end do
    if request.path == "/lost" then
      c:hangup()
      share.gone = true
      return
    end
    share.go = share.go or request.path == "/go"
    while (request.path == "/held" and not share.go)
      or (request.path == "/gone" and not share.gone) do
      c:sleep(0.005)
    end
    c:send(c.ok(request.path))
  end
]]

if not loop.able() then
  describe("a loop", function()
    it("needs a Lua that can yield in a protected call", function()
      pending "this is Lua 5.1"
    end)
  end)
  return
end

describe("a loop", function()
  local server, l, problems, said

  before_each(function()
    server = rawserver.start(SERVER)
    problems, said = {}, {}
    l = loop.new(function(problem)
      problems[#problems + 1] = problem
    end)
    -- After one request libcurl knows that this server can't multiplex.
    l:spawn(function()
      l:send(core.prepare(Handle.request("GET", server.url .. "/")), 10)
    end)
    while l.count > 0 do
      l:turn()
    end
  end)
  after_each(function()
    server:stop()
    assert.same({}, problems)
  end)

  local function get(path, abortable, seconds)
    return l:send(core.prepare(Handle.request("GET", server.url .. path)),
      seconds or 10, abortable or false)
  end

  local function say(word)
    said[#said + 1] = word
  end

  local function turn_until_done()
    while l.count > 0 do
      l:turn()
    end
  end

  -- Turns until the server has read so many requests.
  local function turn_until_read(n)
    local give_up = core.now() + 60
    while #server:requests() < n do
      assert(core.now() < give_up, "the requests did not come")
      l:turn(0.01)
    end
  end

  it("runs a task up to its first wait, and on when that ends", function()
    l:spawn(function()
      say "begins"
      say(get "/answer".body)
      l:sleep(0.001)
      say "ends"
    end)
    assert.same({ "begins" }, said)
    assert.equal(1, l.count)
    turn_until_done()
    assert.same({ "begins", "/answer", "ends" }, said)
  end)

  it("runs the others while one waits for a transfer or a time",
    function()
      l:spawn(function()
        say(get "/held".body)
      end)
      local sleeper = l:spawn(function()
        l:sleep()
        say "woken"
      end)
      l:spawn(function()
        l:sleep(0.01)
        say "slept"
        say(get "/other".body)
        l:wake(sleeper)
        get "/go"
      end)
      turn_until_done()
      assert.same({ "slept", "/other" }, { said[1], said[2] })
      table.sort(said)
      assert.same({ "/held", "/other", "slept", "woken" }, said)
    end)

  it("wakes sleeping tasks in order, and none too early", function()
    local times = { 0.03, 0.01, 0.02, 0 }
    local start = core.now()
    for _, seconds in ipairs(times) do
      l:spawn(function()
        l:sleep(seconds)
        assert(core.now() - start >= seconds)
        say(seconds)
      end)
    end
    turn_until_done()
    table.sort(times)
    assert.same(times, said)
  end)

  it("returns from a turn when its seconds are over", function()
    local ended
    l:spawn(function()
      l:sleep(2)
      ended = true
    end)
    l:turn(0)
    l:turn(0.01)
    assert.is_nil(ended)
    assert.equal(1, l.count)
    turn_until_done()
  end)

  it("lets a task wait in a protected call, and spawn others", function()
    l:spawn(function()
      local ok, body = pcall(function()
        l:spawn(function()
          l:sleep(0.001)
          say "inner"
        end)
        return get "/outer".body
      end)
      say(ok and body)
    end)
    turn_until_done()
    table.sort(said)
    assert.same({ "/outer", "inner" }, said)
  end)

  it("knows the running task, and that there is none outside", function()
    assert.is_nil(l:task())
    local inner
    local task = l:spawn(function()
      inner = l:task()
      coroutine.wrap(function()
        say(l:task() == nil) -- of the loop, but not its task
      end)()
      l:sleep(0.001)
      say(l:task() == inner)
    end)
    assert.equal(task, inner)
    assert.is_nil(l:task())
    turn_until_done()
    assert.same({ true, true }, said)
  end)

  it("reports what a task raises, and goes on", function()
    l:spawn(function()
      l:sleep(0.001)
      error("oh no", 0)
    end)
    l:spawn(function()
      error { "a table" }
    end)
    turn_until_done()
    assert.equal(2, #problems)
    assert.matches("^table", problems[1])
    assert.equal("oh no", problems[2])
    problems = {}
  end)

  it("returns a transfer's failure to the task that waits for it", function()
    l:spawn(function()
      local response, problem = get("/held", false, 0.01)
      say(response == nil and problem.kind)
      response, problem = get("/", false, 0)
      say(response == nil and problem.kind)
    end)
    turn_until_done()
    assert.same({ "timeout", "timeout" }, said)
  end)

  it("aborts the transfer of a task that is cancelled, with an error",
    function()
      local task = l:spawn(function()
        local response, problem = get("/lost", true)
        say(response == nil and problem.code)
        -- It can begin no other one,
        response, problem = get("/never", true)
        say(response == nil and problem.kind)
        -- nor one that may not be aborted.
        response, problem = get "/rest"
        say(response == nil and problem.code)
      end)
      l:spawn(function()
        say(get "/gone".body)
      end)
      turn_until_read(3)
      l:cancel(task)
      assert.same({ "cancelled", "closed", "cancelled" }, said)
      turn_until_done()
      table.sort(said)
      assert.same({ "/gone", "cancelled", "cancelled", "closed" }, said)
      for _, request in ipairs(server:requests()) do
        assert.not_equal("/never", request.path)
        assert.not_equal("/rest", request.path)
      end
    end)

  it("goes on with what may not be aborted, and after a sleep", function()
    local first = l:spawn(function()
      say(get "/held".body)
    end)
    local second = l:spawn(function()
      l:sleep(0.01)
      say "slept"
    end)
    turn_until_read(2)
    l:cancel(first)
    l:cancel(second)
    l:spawn(function()
      get "/go"
    end)
    turn_until_done()
    table.sort(said)
    assert.same({ "/held", "slept" }, said)
    l:cancel(first) -- it has ended: nothing happens
  end)

  it("keeps nothing of a task that has ended", function()
    local kept = setmetatable({}, { __mode = "k" })
    for _ = 1, 3 do
      kept[l:spawn(function()
        l:sleep(0.001)
        get "/"
      end)] = true
    end
    turn_until_done()
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.is_nil(next(kept))
  end)
end)
