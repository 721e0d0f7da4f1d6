-- The built-in capability takes the road of a file.
local builtin = require "equinix.capability.builtin"
local json = require "equinix.base.json"
local plan = require "equinix.capability.plan"
local published = require "equinix.oauth.operations"

describe("the built-in capability", function()
  it("read as YAML is exactly the built-in plan", function()
    local made = assert(plan.of_text(builtin.yaml(), "built-in.yaml"))
    assert.same(builtin.plan(), made)
    assert.same({}, made.warnings)
  end)

  it("has the words of the two published operations", function()
    local made = builtin.plan()
    assert.equal(published.title, made.title)
    assert.equal(published.description, made.description)
    assert.equal(published.instructions, made.instructions)
    assert.same(published.namespaces, made.namespaces)
    assert.same({ rest = 8080, mcp = 9090 }, made.ports)
    for i, operation in ipairs(published.operations) do
      local route, tool = made.routes[i], made.tools[i]
      assert.equal(operation.name, route.name)
      assert.equal(operation.method, route.method)
      assert.same({ operation.path }, route.path)
      assert.equal(operation.name, tool.name)
      assert.equal(operation.title, tool.title)
      assert.equal(operation.description, tool.description)
      assert.same(operation.hints, tool.hints)
      assert.equal(i, tool.operation)
      assert.equal(({ "issue", "refresh" })[i], made.operations[i].token)
      assert.is_nil(tool.output)
    end
  end)

  it("is a plan that JSON carries", function()
    local made = builtin.plan()
    assert.same(made, json.decode(assert(json.encode(made))))
  end)

  it("has nothing left with read_only", function()
    local made = builtin.plan { read_only = true }
    assert.same({ {}, {}, {} }, { made.operations, made.routes, made.tools })
  end)

  it("needs no YAML", function()
    local loaded = package.loaded.yaml
    package.loaded.yaml = nil
    package.preload.yaml = function()
      error "not here"
    end
    assert.truthy(builtin.plan().tools[1])
    package.preload.yaml, package.loaded.yaml = nil, loaded
  end)
end)
