-- loop: the transport for the tasks of a loop.
local Handle = require "spec.support.handle"
local core = require "equinix.core"
local loop = require "equinix.transport.loop.scheduler"
local rawserver = require "spec.support.rawserver"
local resp = require "spec.support.resp"
local transport = require "equinix.transport.loop"

-- /lost gets no response, /gone one when the client of /lost has hung up,
-- /held one after a request for /go. X-Most: how many there were at once.
local SERVER = [[
  local c = ...
  local share = c.share
  share.now, share.most = share.now or 0, share.most or 0
  for request in function() return c:request() end do
    if request.path == "/lost" then
      c:hangup()
      share.gone = true
      return
    end
    share.go = share.go or request.path == "/go"
    share.now = share.now + 1
    share.most = math.max(share.most, share.now)
    while (request.path == "/held" and not share.go)
      or (request.path == "/gone" and not share.gone) do
      c:sleep(0.005)
    end
    if request.path:find "^/slow" then
      c:sleep(0.02)
    end
    share.now = share.now - 1
    c:send(c.ok(request.path, ("X-Most: %d\r\n"):format(share.most)))
  end
]]

if not loop.able() then
  describe("the transport of a loop", function()
    it("needs a Lua that can yield in a protected call", function()
      pending "this is Lua 5.1"
    end)
  end)
  return
end

describe("the transport of a loop", function()
  local server, l, port, problems

  before_each(function()
    server = rawserver.start(SERVER)
    problems = {}
    l = loop.new(function(problem)
      problems[#problems + 1] = problem
    end)
    port = transport.new(l)
  end)
  after_each(function()
    server:stop()
    assert.same({}, problems)
  end)

  -- What is called would extend a lock for ever.
  it("calls nothing meanwhile where the request is wrong", function()
    local ok
    l:spawn(function()
      ok = pcall(port.send, { method = "GET", url = 1 }, 30, nil,
        { every = 0.01, call = error })
    end)
    assert.is_false(ok)
    assert.equal(0, l.count) -- tasks
  end)

  local function request(path, fields)
    return Handle.request("GET", server.url .. path, fields)
  end

  -- Runs a function as a task, to its end and that of all others.
  local function run(f)
    local task = l:spawn(f)
    while l.count > 0 do
      l:turn()
    end
    return task
  end

  -- Turns until the server has read a request of that path.
  local function turn_until_read(path)
    local give_up, found = core.now() + 60, false
    repeat
      l:turn(0.01)
      for _, one in ipairs(server:requests()) do
        found = found or one.path == path
      end
      assert(core.now() < give_up, "the request did not come")
    until found
  end

  it("sends, sleeps and waits in a task", function()
    local done
    run(function()
      assert(port.can_wait())
      local before = core.now()
      port.sleep(0.02)
      assert(core.now() - before >= 0.02)
      local response = assert(port.send(request "/x", 60))
      assert(response.body == "/x" and response.headers)
      local none, problem = port.send(request "/x", 0)
      assert(none == nil and problem.kind == "timeout")
      done = true
    end)
    assert.is_true(done)
    assert.is_nil(port.blocking)
  end)

  it("carries exchanges, and sends nothing of one outside of a task",
    function()
      local raw = rawserver.start(resp.SERVER
        .. "while command() do c:send '+OK\\r\\n' end")
      local exchange = core.exchange(resp.options(raw.port))
      local bodies = {}
      for i = 1, 5 do
        l:spawn(function()
          bodies[i] = assert(port.send(exchange, 30)).body
        end)
      end
      run(function()
        assert(port.send(exchange, 30))
        assert.is_true(assert(port.send(exchange, 30)).kept)
      end)
      assert.same({ "+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n" },
        bodies)
      local response, problem = port.send(exchange, 10)
      assert.is_nil(response)
      assert.equal("cannot_wait", problem.code)
      raw:stop()
    end)

  it("sends nothing outside of a task", function()
    assert.is_false(port.can_wait())
    local response, problem = port.send(request "/", 60)
    assert.is_nil(response)
    assert.equal("cannot_wait", problem.code)
    assert.is_false(problem.maybe_sent)
    local results = port.send_many({ request "/", request "/" }, 1, 10)
    assert.equal("cannot_wait", results[1].err.code)
    assert.equal("cannot_wait", results[2].err.code)
    assert.equal(0, server:connections())
  end)

  it("refuses a function as sink", function()
    run(function()
      local response, problem = port.send(request "/", 60, print)
      assert(response == nil and problem.code == "sink_function")
    end)
    assert.equal(0, server:connections())
  end)

  it("raises a bad request in the task, before any is sent",
    function()
      run(function()
        local bad = request("/", { headers = { { "A", "\0" } } })
        assert(not pcall(port.send, bad, 10))
        assert(not pcall(port.send_many, { request "/", bad }, 2, 10))
      end)
      assert.equal(0, server:connections())
    end)

  it("sends many, n at a time, with the results in order", function()
    local results, none
    run(function()
      local list = {}
      for i = 1, 12 do
        list[i] = request("/slow" .. i)
      end
      list[13] = Handle.request("GET", "http://127.0.0.1:"
        .. Handle.closed_port())
      none = port.send_many({}, 4, 10)
      results = port.send_many(list, 4, 10)
    end)
    assert.same({}, none)
    assert.equal(13, #results)
    local most = 0
    for i = 1, 12 do
      assert.equal("/slow" .. i, results[i].response.body)
      most = math.max(most, tonumber(Handle.header(results[i].response,
        "X-Most")))
    end
    assert.equal("ECONNREFUSED", results[13].err.code)
    assert.is_true(most > 1 and most <= 4, most)
  end)

  it("limits the time of many requests together", function()
    local results
    run(function()
      results = port.send_many({ request "/held", request "/held",
        request "/held" }, 1, 0.05)
    end)
    for i = 1, 3 do
      assert.equal("timeout", results[i].err.kind)
    end
    -- There may have been a millisecond for the second one.
    assert.is_true(#server:requests() <= 2)
  end)

  it("aborts a GET whose task was cancelled: the server sees it closed",
    function()
      local code
      run(function()
        port.send(request "/", 60)
      end)
      local task = l:spawn(function()
        code = select(2, port.send(request "/lost", 60)).code
      end)
      turn_until_read "/lost"
      l:cancel(task)
      assert.equal("cancelled", code)
      local body
      run(function()
        body = assert(port.send(request "/gone", 60)).body
      end)
      assert.equal("/gone", body)
    end)

  it("does not abort a POST whose task was cancelled", function()
    local body
    local task = l:spawn(function()
      body = assert(port.send(Handle.request("POST", server.url .. "/held",
        { body = "x" }), 10)).body
    end)
    turn_until_read "/held"
    l:cancel(task)
    assert.is_nil(body)
    run(function()
      assert(port.send(request("/go", { fresh_connect = true }), 10))
    end)
    assert.equal("/held", body)
  end)

  it("carries exchanges in a task that was cancelled, too: what is noted in "
    .. "a store has to be brought to its end", function()
    local raw = rawserver.start(resp.SERVER
      .. "while command() do c:send '+OK\\r\\n' end")
    local exchange = core.exchange(resp.options(raw.port))
    local body, code
    local task = l:spawn(function()
      port.send(Handle.request("POST", server.url .. "/held",
        { body = "x" }), 60)
      body = assert(port.send(exchange, 60)).body
      code = select(2, port.send(request "/x", 60)).code
    end)
    turn_until_read "/held"
    l:cancel(task)
    run(function()
      assert(port.send(request("/go", { fresh_connect = true }), 60))
    end)
    assert.equal("+OK\r\n", body)
    assert.equal("cancelled", code)
    raw:stop()
  end)

  it("leaves no task behind that is called meanwhile, when it raises",
    function()
      local bad = request("/", { headers = { { "A", "\0" } } })
      l:spawn(function()
        assert(not pcall(port.send, bad, 10, nil, { every = 60,
          call = error }))
      end)
      assert.equal(0, l.count)
    end)

  it("spawns what outlives its task, cancelled or ended", function()
    local body
    local function outlive()
      body = assert(port.send(request "/held", 60)).body
    end
    local task = l:spawn(function()
      assert(port.spawn(outlive) == true)
      port.send(request("/lost", { fresh_connect = true }), 10)
    end)
    turn_until_read "/held"
    l:cancel(task)
    assert.is_nil(body)
    run(function()
      assert(port.send(request("/go", { fresh_connect = true }), 10))
    end)
    assert.equal("/held", body)
  end)
end)
