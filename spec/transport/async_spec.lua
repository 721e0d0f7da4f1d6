-- async: the transport over an engine, here for a host of a few lines.
local Handle = require "spec.support.handle"
local async = require "equinix.transport.async"
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"

local SERVER = [[
  local c = ...
  local share = c.share
  share.now, share.most = share.now or 0, share.most or 0
  for request in function() return c:request() end do
    share.now = share.now + 1
    share.most = math.max(share.most, share.now)
    c:sleep(request.path:find "^/slow" and 0.05 or 0)
    share.now = share.now - 1
    c:send(c.ok(request.path, ("X-Most: %d\r\n"):format(share.most)))
  end
]]

-- A host: tasks are coroutines, and one step is called after the other.
local function new_host()
  local host = { running = {}, parked = {}, watched = 0, limit = nil }
  local function resume(task)
    host.parked[task] = nil
    host.current = task
    assert(coroutine.resume(task.thread))
    host.current = nil
  end
  function host.task()
    return host.current
  end
  function host.park(task, seconds)
    host.parked[task] = core.now() + (seconds or math.huge)
    coroutine.yield()
  end
  function host.unpark(task)
    if host.parked[task] then
      host.parked[task] = 0
    end
  end
  function host.spawn(f)
    table.insert(host.running, { thread = coroutine.create(f) })
    return true
  end
  function host.watch(_, fd, step)
    assert(type(fd) == "number")
    host.watched, host.step = host.watched + 1, step
    return function()
      host.watched, host.step = host.watched - 1, nil
    end
  end
  -- Until all tasks have ended.
  function host.run()
    while #host.running > 0 or next(host.parked) do
      local running = host.running
      host.running = {}
      for _, task in ipairs(running) do
        resume(task)
      end
      if host.step then
        host.step()
      end
      for task, at in pairs(host.parked) do
        if at <= core.now() then
          table.insert(host.running, task)
          host.parked[task] = nil
        end
      end
    end
  end
  return host
end

-- A coroutine must be able to yield out of a protected call of busted.
describe("the transport of a host", function()
  local server, host, port

  before_each(function()
    server = rawserver.start(SERVER)
    host = new_host()
    port = async.new(host)
  end)
  after_each(function()
    server:stop()
  end)

  local function request(path)
    return Handle.request("GET", server.url .. path)
  end

  it("lets each task wait for its own response", function()
    local bodies = {}
    for i = 1, 20 do
      host.spawn(function()
        bodies[i] = assert(port.send(request("/" .. i), 10)).body
      end)
    end
    host.run()
    for i = 1, 20 do
      assert.equal("/" .. i, bodies[i])
    end
  end)

  it("watches while something is under way, and no longer", function()
    host.spawn(function()
      assert(port.send(request "/slow", 60))
      assert.equal(0, host.watched)
      assert(port.send(request "/slow", 60))
    end)
    host.run()
    assert.equal(0, host.watched)
    assert.equal(1, server:connections())
  end)

  it("sends many, n at a time, in their order", function()
    local results
    host.spawn(function()
      assert(port.send(request "/", 60))
      local requests = {}
      for i = 1, 12 do
        requests[i] = request("/slow" .. i)
      end
      results = port.send_many(requests, 3, 10)
    end)
    host.run()
    for i, result in ipairs(results) do
      assert.equal("/slow" .. i, result.response.body)
    end
    for _, header in ipairs(results[12].response.headers) do
      if header[1] == "X-Most" then
        assert.equal("3", header[2])
      end
    end
    assert.same({}, port.send_many({}, 3, 10))
  end)

  it("has no more under way than the host's limit", function()
    local most
    function host.limit()
      return 2
    end
    for i = 1, 8 do
      host.spawn(function()
        local response = assert(port.send(request("/slow" .. i), 10))
        most = response.headers
      end)
    end
    host.run()
    for _, header in ipairs(most) do
      if header[1] == "X-Most" then
        assert.is_true(tonumber(header[2]) <= 2)
      end
    end
  end)

  it("returns errors of the transfer, and of its own deadline", function()
    local refused, late
    host.spawn(function()
      refused = select(2, port.send({ method = "GET",
        url = "http://127.0.0.1:" .. Handle.closed_port() }, 10))
      late = select(2, port.send(request "/slow", 0.01))
    end)
    host.run()
    assert.equal("ECONNREFUSED", refused.code)
    assert.equal("timeout", late.kind)
  end)

  it("raises what is wrong with a request, in the task that sends it",
    function()
      local message
      host.spawn(function()
        message = select(2, pcall(port.send, { method = 1 }, 10))
      end)
      host.run()
      assert.matches("method", message)
      assert.equal(0, host.watched)
    end)

  it("waits outside of a task for nothing, and says why", function()
    assert.is_false(port.can_wait())
    local _, transport_err = port.send(request "/", 60)
    assert.same({ "config", "cannot_wait", false }, { transport_err.kind,
      transport_err.code, transport_err.maybe_sent })
    assert.matches("a task of the event loop", transport_err.message)
    assert.equal("cannot_wait",
      port.send_many({ request "/" }, 1, 10)[1].err.code)
    port.sleep(10)
    assert.equal(0, #server:requests())
  end)

  it("returns the host's error when it can't be driven", function()
    local err
    function host.watch()
      return nil, { kind = "config", code = "no_loop", maybe_sent = false,
        message = "there is no loop" }
    end
    host.spawn(function()
      err = select(2, port.send(request "/", 60))
    end)
    host.run()
    assert.equal("no_loop", err.code)
  end)

  it("sleeps for the whole time, although it is woken", function()
    local seconds
    host.spawn(function()
      local begun, task = core.now(), host.task()
      host.spawn(function()
        host.unpark(task)
      end)
      port.sleep(0.05)
      seconds = core.now() - begun
    end)
    host.run()
    assert.is_true(seconds >= 0.05)
  end)
end)
