-- The parts of a tree.
local tree = require "equinix.capability.tree"

describe("a tree", function()
  it("has values under keys, in order and by name, with places", function()
    local map = tree.map(1, 1)
    for i = 1, 20 do
      tree.put(map, "key" .. i, tree.text("v" .. i, true, i, 3))
    end
    assert.equal(20, #map.pairs)
    for i = 1, 20 do
      local node = map.pairs[i]
      assert.equal(node, map.by["key" .. i])
      assert.same({ kind = "text", text = "v" .. i, plain = true, line = i,
        column = 3, name = "key" .. i }, node)
    end
  end)

  it("has containers that are empty at first", function()
    assert.same({ kind = "map", pairs = {}, by = {}, line = 2, column = 3 },
      tree.map(2, 3))
    assert.same({ kind = "list", items = {}, line = 2, column = 3 },
      tree.list(2, 3))
  end)

  it("knows null, and what is no text", function()
    for _, text in ipairs { "", "~", "null" } do
      assert.is_true(tree.is_null(tree.text(text, true, 1, 1)))
      assert.is_false(tree.is_null(tree.text(text, false, 1, 1)))
    end
    assert.is_false(tree.is_null(tree.map(1, 1)))
    assert.is_true(tree.has_control "a\0b")
    assert.is_true(tree.has_control "\127")
    assert.is_false(tree.has_control "a\n\r\tb")
  end)
end)
