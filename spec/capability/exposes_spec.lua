-- The routes and the tools of a file.
local capability = require "spec.support.capability_parts"

local OPERATIONS = {
  { name = "get", method = "GET", path = "/a/{id}" },
  { name = "put", method = "PUT", path = "/a/{id}" },
}

local function route(path, call, more)
  local made = { method = "GET", path = path, call = call or "get",
    name = "r" }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return made
end

local function mistake(parts)
  parts.operations = OPERATIONS
  local ok, raised = pcall(capability.plan, parts)
  assert.is_false(ok)
  return raised
end

describe("what a file exposes", function()
  it("has a name for each route, and calls in the order of first use",
    function()
      local plan = capability.plan { operations = OPERATIONS,
        routes = { route("/x/{id}", "put"), route("/y/{id}") },
        tools = { { name = "t", call = "get" } } }
      assert.equal("r", plan.routes[1].name)
      assert.equal("r-2", plan.routes[2].name)
      assert.equal("PUT", plan.operations[1].method)
      assert.equal(2, plan.tools[1].operation)
    end)

  it("is only what reads, where that is wanted", function()
    local plan = capability.plan({ operations = OPERATIONS,
      routes = { route("/x/{id}", "put"), route("/y/{id}") },
      tools = { { name = "t", call = "put" } } }, { read_only = true })
    assert.equal(1, #plan.routes)
    assert.equal(0, #plan.tools)
    assert.equal(1, #plan.operations)
  end)

  it("has no two routes for one request, and no path of the service",
    function()
      assert.matches("the route GET /x/{} stands twice", mistake {
        routes = { route "/x/{id}", route "/x/{other}" } })
      assert.matches("is a path of the service itself", mistake {
        routes = { route "/metrics" } })
      assert.matches("a variable that is not a whole segment", mistake {
        routes = { route "/x-{id}" } })
      assert.matches("the same variable twice", mistake {
        routes = { route "/{id}/{id}" } })
    end)

  it("has tools with names that every agent takes", function()
    local function tool(name)
      return { tools = { { name = name, call = "get" } } }
    end
    assert.matches("has to be 1 to 128", mistake(tool "a b"))
    assert.matches("is reserved", mistake(tool "equinix_request"))
    assert.matches("stands twice", mistake { tools = {
      { name = "t", call = "get" }, { name = "t", call = "get" } } })
  end)

  it("leads to an operation, or says which was meant", function()
    assert.matches("'api.gte' leads nowhere; did you mean 'api.get'",
      mistake { routes = { route("/x", "gte") } })
  end)
end)
