-- exposed: the operations of a capability, called with the service's token.
local capability = require "spec.support.capability_parts"
local exposed = require "equinix.service.exposed"
local scripted = require "spec.support.scripted"

local PARTS = {
  operations = {
    { name = "get", method = "GET", path = "/api/{id}", inputs = {
      { name = "X-Bound", ["in"] = "header", value = "{{SPEC_BOUND}}" } } },
    { name = "token", method = "POST", path = "/oauth2/v1/token" },
  },
  routes = { { method = "POST", path = "/token", call = "token" } },
  tools = { { name = "get", call = "get" } },
  binds = { { namespace = "env", description = "Of the spec.",
    keys = { SPEC_BOUND = "SPEC_BOUND" } } },
}

local function getenv(name)
  return name == "SPEC_BOUND" and "the value" or nil
end

describe("the calls of a capability", function()
  local plan = capability.plan(PARTS)

  it("need what is bound, and say what is missing", function()
    assert.is_nil(exposed.unset(plan, getenv))
    local message = exposed.unset(plan, function() end)
    assert.is_truthy(message:find("SPEC_BOUND", 1, true))
    local ok, raised = pcall(exposed.new, plan, { getenv = function() end })
    assert.is_false(ok)
    assert.equal("equinix: " .. message, raised)
  end)

  it("are there only where a route leads to one", function()
    assert.is_false(exposed.has_calls(plan))
    assert.is_true(exposed.has_calls(capability.plan {
      operations = PARTS.operations, binds = PARTS.binds,
      routes = { { method = "GET", path = "/x/{id}", call = "get" } },
    }))
  end)

  it("take a caller's values for all that they mean, and constants first",
    function()
      local inputs = { { name = "x", as = "X", targets = { "a", "b" } } }
      assert.same({ a = "1", b = "1", c = '"k"' }, exposed.values(inputs,
        { x = "1" }, exposed.constants { c = "k" }))
      assert.same({ a = "1", b = "2" }, exposed.values(inputs, { x = "1" },
        exposed.constants { b = 2 }))
      assert.same({ a = "X", b = "X" }, exposed.labels(inputs))
    end)

  it("are not repeated where the path repeated the token", function()
    local client, transport = scripted.client {
      scripted.token "the-token-of-this-spec",
      scripted.json(200, '{"seen":"the-token-of-this-spec"}'),
    }
    local calls = exposed.new(plan, { client = client, getenv = getenv })
    local get
    for _, operation in ipairs(calls.operations) do
      get = operation.method == "GET" and operation or get
    end
    for _ = 1, 3 do
      local response, err = calls:call(get, { id = '"7"' })
      assert.is_nil(response)
      assert.equal("token_echo", err.code)
    end
    assert.equal(2, #transport.sent)
    assert.is_nil((calls:call(get, { id = '"8"' })))
    assert.equal(3, #transport.sent)
  end)
end)
