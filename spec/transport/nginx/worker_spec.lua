-- worker: the part that runs in nginx's threads, here without nginx. It
-- returns plain values only, and raises nothing.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local worker = require "equinix.transport.nginx.worker"

describe("the part in a worker thread", function()
  local server

  setup(function()
    server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "here") end
    ]]
  end)
  teardown(function()
    server:stop()
  end)

  it("sends, and sends many", function()
    local request = { method = "GET", url = server.url, may_resend = true }
    local result = assert(worker.send(core.now() + 10, request))
    assert.are.equal("here", result.body)
    local results = assert(worker.send_many(core.now() + 10,
      { request, request }, 2))
    assert.are.equal("here", results[2].response.body)
  end)

  it("returns an error unchanged", function()
    local result, transport_err = worker.send(core.now() + 10,
      { method = "GET", url = "http://127.0.0.1:9" })
    assert.is_nil(result)
    assert.are.equal("ECONNREFUSED", transport_err.code)
  end)

  it("sends nothing when it comes too late", function()
    for _, name in ipairs { "send", "send_many" } do
      local result, transport_err = worker[name](core.now() - 0.001, {}, 1)
      assert.is_nil(result)
      assert.are.same({ "timeout", "queue", false },
        { transport_err.kind, transport_err.code, transport_err.maybe_sent })
    end
  end)

  it("returns as a string what was raised", function()
    local result, transport_err, raised =
      worker.send(core.now() + 10, { method = 1 })
    assert.is_nil(result)
    assert.is_nil(transport_err)
    assert.truthy(raised:find "method")
    raised = select(3, worker.send_many(core.now() + 10, { {} }, 0))
    assert.is_string(raised)
  end)
end)
