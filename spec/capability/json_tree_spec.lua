-- JSON as a tree, and as a template.
local json_tree = require "equinix.capability.json_tree"

local LIMITS = { nodes = 100, parts = 100 }

describe("JSON with templates", function()
  it("has {{x}} where a value stands, and in a text", function()
    local node = assert(json_tree.read(
      '{"a": {{x}}, "b": [{{ y }}, "{{z}}"], "c": {}}', LIMITS, true))
    assert.equal("{{x}}", node.by.a.text)
    assert.equal("{{ y }}", node.by.b.items[1].text)
    assert.equal("{{z}}", node.by.b.items[2].text)
    assert.equal("map", node.by.c.kind)
  end)

  it("has none where they were not asked for", function()
    local node, problem = json_tree.read('{"a": {{x}}}', LIMITS)
    assert.is_nil(node)
    assert.equal(8, problem.column)
  end)

  it("ends at a number of values", function()
    local node, problem = json_tree.read("[1,\n2,\n3]", { nodes = 3,
      parts = 100 })
    assert.is_nil(node)
    assert.same({ line = 3, column = 1, message = "more than 3 values" },
      problem)
  end)

  it("ends at a number of keys in a map, and of values in a list", function()
    local limits = { nodes = 100, parts = 2 }
    local _, problem = json_tree.read('{"a":1,"b":2,\n"c":3}', limits)
    assert.same({ line = 2, column = 1,
      message = "more than 2 keys in a map" }, problem)
    _, problem = json_tree.read("[1, 2, 3]", limits)
    assert.same({ line = 1, column = 8,
      message = "more than 2 values in a list" }, problem)
    assert(json_tree.read('{"a":[1,2],"b":{"c":1,"d":2}}', limits))
  end)

  it("places faults in lines of any length", function()
    local text = "[" .. ('"\195\169",'):rep(20000) .. "x]"
    local _, problem = json_tree.read(text, { nodes = 30000,
      parts = 30000 })
    assert.equal(80002, problem.column)
  end)
end)
