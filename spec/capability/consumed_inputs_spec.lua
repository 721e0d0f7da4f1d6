-- What an operation takes, and where it goes.
local capability = require "spec.support.capability_parts"

local function inputs_of(operation)
  operation.name, operation.method = "o", operation.method or "POST"
  operation.path = operation.path or "/o"
  local plan = capability.plan { operations = { operation },
    tools = { { name = "t", call = "o" } } }
  local lines = {}
  for i, input in ipairs(plan.operations[1].inputs) do
    lines[i] = ("%s %s %s%s"):format(input.place, input.name,
      input.as or input.name,
      input.required and " required" or "")
  end
  return lines, plan.operations[1]
end

local function mistake(operation)
  local ok, raised = pcall(inputs_of, operation)
  assert.is_false(ok)
  return raised
end

describe("the inputs of a consumed operation", function()
  it("are the declared ones, and each variable of the path", function()
    assert.same({ "query q q", "path Port-Id portId required",
      "path x x required" }, (inputs_of {
      path = "/o/{portId}/{x}",
      inputs = { { name = "q", ["in"] = "query" },
        { name = "Port-Id", ["in"] = "path" } },
    }))
  end)

  it("are those of a body's template", function()
    assert.same({ "body a a", "body b b" }, (inputs_of {
      inputs = { { name = "a", ["in"] = "body" } },
      body = { type = "json", data = { x = "{{a}}", y = { "{{b}}" } } },
    }))
    assert.matches("the body's data has no {{c}}", mistake {
      inputs = { { name = "c", ["in"] = "body" } },
      body = { type = "json", data = { x = "{{a}}" } },
    })
  end)

  it("may stand in the file, but no secret may", function()
    local _, operation = inputs_of { inputs = {
      { name = "v", ["in"] = "query", value = "1" } } }
    assert.equal("1", operation.inputs[1].constant)
    assert.matches("is a literal secret", mistake { inputs = {
      { name = "X-Api-Key", ["in"] = "header", value = "abc" } } })
  end)

  it("go where there is a place for them", function()
    assert.matches("the path has no {a}", mistake { inputs = {
      { name = "a", ["in"] = "path" } } })
    assert.matches("has no 'in'", mistake { inputs = { { name = "a" } } })
    assert.matches("has no other members", mistake { inputs = {
      { name = "body", ["in"] = "body" }, { name = "a", ["in"] = "body" } } })
  end)

  it("are a hundred at most", function()
    local many = {}
    for i = 1, 101 do
      many[i] = { name = "i" .. i, ["in"] = "query" }
    end
    assert.matches("more than 100 inputs", mistake { inputs = many })
  end)
end)
