-- A plan as a table for people.
local capability = require "spec.support.capability_parts"
local served = require "equinix.capability.served"

describe("the table of a plan", function()
  it("has a line for each route and tool, with what is not GET", function()
    local plan = capability.plan {
      operations = {
        { name = "get", method = "GET", path = "/a/{id}" },
        { name = "put", method = "PUT", path = "/a/{id}" },
        { name = "token", method = "POST", path = "/oauth2/v1/token" },
      },
      routes = {
        { method = "GET", path = "/x/{id}", call = "get" },
        { method = "PUT", path = "/x/{id}", call = "put" },
        { method = "POST", path = "/token", call = "token" },
      },
      tools = { { name = "get", call = "get" } },
      rest_port = 8081,
    }
    assert.equal([[
A spec's
REST spec-rest, port 8081
  GET /x/{id}  GET /a/{id}
  PUT /x/{id}  PUT /a/{id}            not GET
  POST /token  POST /oauth2/v1/token  not GET, token
  3 in all, 2 of them not GET
MCP spec-mcp, port 9090
  get  GET /a/{id}
  1 in all, 0 of them not GET
]], served.text(plan))
  end)
end)
