-- capability/needs: what a plan needs to be set.
local capability = require "spec.support.capability_parts"
local needs = require "equinix.capability.needs"

local GET = { name = "get", method = "GET", path = "/api/{id}", inputs = {
  { name = "X-Bound", ["in"] = "header", value = "{{SPEC_BOUND}}" } } }
local TOKEN = { name = "token", method = "POST", path = "/oauth2/v1/token" }
local BINDS = { { namespace = "env", description = "Of the spec.",
  keys = { SPEC_BOUND = "SPEC_BOUND" } } }

local function plan_of(routes)
  return capability.plan { operations = { GET, TOKEN }, binds = BINDS,
    routes = routes, tools = { { name = "get", call = "get" } } }
end
local ROUTE = { method = "POST", path = "/token", call = "token" }

describe("what a plan needs", function()
  it("is what it binds, and a message names what is not set", function()
    local asked = {}
    local function getenv(value)
      return function(name)
        asked[#asked + 1] = name
        return value
      end
    end
    local plan = plan_of { ROUTE }
    assert.is_nil(needs.unset(plan, getenv "the value"))
    assert.same({ "SPEC_BOUND" }, asked)
    for _, value in ipairs { false, "" } do
      assert.equal("the capability binds the environment variable "
        .. "SPEC_BOUND, which is not set", needs.unset(plan, getenv(value
          or nil)))
    end
  end)

  it("is a client for calls only where a route leads to one", function()
    assert.is_false(needs.has_calls(plan_of { ROUTE }))
    assert.is_true(needs.has_calls(plan_of { ROUTE, { method = "GET",
      path = "/x/{id}", call = "get" } }))
  end)
end)
