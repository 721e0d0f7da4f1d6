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
    local ok, raised = pcall(exposed.new, plan, { getenv = function() end })
    assert.is_false(ok)
    assert.matches("^equinix: .* SPEC_BOUND, which is not set$", raised)
  end)

  it("take a caller's values for all that they mean, and constants first",
    function()
      local inputs = { { name = "x", targets = { "a", "b" } } }
      assert.same({ a = "1", b = "1", c = '"k"' }, exposed.values(inputs,
        { x = "1" }, exposed.constants { c = "k" }))
      assert.same({ a = "1", b = "2" }, exposed.values(inputs, { x = "1" },
        exposed.constants { b = 2 }))
      assert.same({ a = "x", b = "x" }, exposed.labels(inputs))
    end)

  it("go the short way where they are a GET of one path", function()
    local client = scripted.client { scripted.token "a-token",
      scripted.json(200, "{}") }
    local short = {}
    local own = client.get
    function client:get(path, fields)
      short[#short + 1] = true
      assert.is_false(fields.follow "https://api.equinix.com/oauth2/v1/token")
      return own(self, path, fields)
    end
    local inputs = { { name = "q", ["in"] = "query" } }
    local plan_of_two = capability.plan {
      operations = {
        { name = "a", method = "GET", path = "/a", inputs = inputs },
        { name = "b", method = "GET", path = "/b/{id}" },
        { name = "c", method = "DELETE", path = "/c" },
        { name = "d", method = "GET", path = "/d", inputs = {
          { name = "h", ["in"] = "header", value = "v" } } },
      },
      tools = { { name = "a", call = "a" }, { name = "b", call = "b" },
        { name = "c", call = "c" }, { name = "d", call = "d" } },
    }
    local calls = exposed.new(plan_of_two, { client = client })
    local trace = "00-" .. ("1"):rep(32) .. "-" .. ("2"):rep(16) .. "-01"
    for i, case in ipairs { { 1, { q = "1" } }, { 1, {}, trace },
      { 2, { id = "1" } }, { 3, {} }, { 4, {} }, { 1, {} }, { 1, {} } } do
      assert(calls:call(calls.operations[case[1]], case[2], nil, case[3]))
      assert.equal(math.max(0, i - 5), #short)
    end
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
