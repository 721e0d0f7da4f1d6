-- JSON as a tree, and as a template.
local json_tree = require "equinix.capability.json_tree"

describe("JSON with templates", function()
  it("has {{x}} where a value stands, and in a text", function()
    local node = assert(json_tree.read(
      '{"a": {{x}}, "b": [{{ y }}, "{{z}}"], "c": {}}', 100, true))
    assert.equal("{{x}}", node.by.a.text)
    assert.equal("{{ y }}", node.by.b.items[1].text)
    assert.equal("{{z}}", node.by.b.items[2].text)
    assert.equal("map", node.by.c.kind)
  end)

  it("has none where they were not asked for", function()
    local node, problem = json_tree.read('{"a": {{x}}}', 100)
    assert.is_nil(node)
    assert.equal(8, problem.column)
  end)

  it("ends at a number of values", function()
    local node, problem = json_tree.read("[1,\n2,\n3]", 3)
    assert.is_nil(node)
    assert.same({ line = 3, column = 1, message = "more than 3 values" },
      problem)
  end)

  it("places faults in lines of any length", function()
    local text = "[" .. ('"\195\169",'):rep(20000) .. "x]"
    local _, problem = json_tree.read(text, 50000)
    assert.equal(80002, problem.column)
  end)
end)
