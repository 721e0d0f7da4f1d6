-- thread: what runs in nginx's threads, here without nginx. Only plain values
-- come out of it, and nothing is raised.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local thread = require "equinix.transport.nginx.worker"

describe("a worker thread's part", function()
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
    local answer = assert(thread.send(core.now() + 10, request))
    assert.are.equal("here", answer.body)
    local results = assert(thread.send_many(core.now() + 10,
      { request, request }, 2))
    assert.are.equal("here", results[2].response.body)
  end)

  it("returns an error as it is", function()
    local answer, err = thread.send(core.now() + 10,
      { method = "GET", url = "http://127.0.0.1:9" })
    assert.is_nil(answer)
    assert.are.equal("ECONNREFUSED", err.code)
  end)

  it("sends nothing when it comes too late", function()
    for _, name in ipairs { "send", "send_many" } do
      local answer, err = thread[name](core.now() - 0.001, {}, 1)
      assert.is_nil(answer)
      assert.are.same({ "timeout", "queue", false },
        { err.kind, err.code, err.maybe_sent })
    end
  end)

  it("hands over what was raised as a string", function()
    local answer, err, raised = thread.send(core.now() + 10, { method = 1 })
    assert.is_nil(answer)
    assert.is_nil(err)
    assert.truthy(raised:find "method")
    raised = select(3, thread.send_many(core.now() + 10, { {} }, 0))
    assert.is_string(raised)
  end)
end)
