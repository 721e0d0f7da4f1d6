-- curl: the transport over libcurl, by the rules of the port.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local transport = require "equinix.transport.curl"

describe("the curl transport", function()
  local server

  setup(function()
    server = rawserver.start [[
      local c, n = ...
      while c:request() do c:send(c.ok("connection " .. n)) end
    ]]
  end)
  teardown(function()
    server:stop()
  end)

  it("sends, with one handle for the whole Lua state", function()
    for _ = 1, 3 do
      local response = assert(transport.send(
        { method = "GET", url = server.url, may_resend = true }, 10))
      assert.are.equal("connection 1", response.body)
    end
  end)

  it("sends many, over the same connections", function()
    local request = { method = "GET", url = server.url, may_resend = true }
    assert(transport.send(request, 10))
    local results = transport.send_many({ request, request }, 1, 10)
    assert.are.equal(2, #results)
    assert.are.equal("connection 1", results[1].response.body)
    assert.are.equal("connection 1", results[2].response.body)
  end)

  it("returns nil and an error where sending fails", function()
    local response, transport_err = transport.send(
      { method = "GET", url = server.url }, 0)
    assert.is_nil(response)
    assert.are.equal("timeout", transport_err.kind)
  end)

  it("sleeps", function()
    local before = core.now()
    transport.sleep(0.02)
    assert.is_true(core.now() - before >= 0.02)
  end)

  it("may always wait", function()
    assert.is_true(transport.can_wait())
  end)
end)
