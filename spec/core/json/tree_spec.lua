-- tree: JSON as a tree with places; held against the reader in Lua
-- (capability/json_tree), which is asked for a template so that it reads
-- itself.
local core = require "equinix.core"
local json_tree = require "equinix.capability.json_tree"

local DEPTH, NODES, PARTS = 64, 1000, 100

local function fast(text)
  return core.json_tree(text, DEPTH, NODES, PARTS)
end

local function in_lua(text)
  return (json_tree.read(text, { nodes = NODES, parts = PARTS }, true))
end

local FINE = {
  "1", '""', " null", "\n\n [\t]", "{ }", '{"a":{}}', "[[],{}]",
  '[-0, 1.50,1e+9 ,true\n,false\r\n,null]',
  '{"a" : [ 1, {\n"b": "c" } ],\n "d":\n\n"e"}',
  '{"a\\/b\\u00e9": "\\"\\\\\\/\\n\\r\\t\\u4E31\\u0009 ~"}',
  '["\195\169\226\128\148", {"\240\159\152\128": 1, "b": [\n"\195\169", 2]}]',
  ("["):rep(DEPTH - 1) .. "1" .. ("]"):rep(DEPTH - 1),
  "[" .. ("1,"):rep(PARTS - 1) .. "1]",
}

local NONE = {
  "", " ", "{", '{"a":1,}', '{"a":1 "b":2}', "[1,]", "[1] 2", "01", '"\n"',
  '"\\x"', '"\\u12"', "{{x}}", '{"a":1,"b":2,"a":3}', '{"a":1,"\\u0061":2}',
  '"\\b"', '"\\f"', '"\\u0000"', '"\\u001f"', '"\\u007f"', '"\127"',
  '"\\ud83d\\ude00"', ("["):rep(DEPTH) .. "1" .. ("]"):rep(DEPTH),
  ("["):rep(1e6), "[" .. ("1,"):rep(PARTS) .. "1]",
  "[" .. ("[1,2,3,4,5,6,7,8,9,0],"):rep(95) .. "1]",
}

describe("core.json_tree", function()
  it("makes the tree that the reader in Lua makes", function()
    for _, text in ipairs(FINE) do
      assert.same(assert(in_lua(text), text), fast(text), text)
    end
  end)

  it("places a value under a key where the key is, in characters", function()
    local node = fast '{"\195\169": 1,\n "b": ["x",\n  "\195\169", "y"]}'
    assert.same({ 1, 2 }, { node.by["\195\169"].line,
      node.by["\195\169"].column })
    assert.same({ 2, 2 }, { node.by.b.line, node.by.b.column })
    local last = node.by.b.items[3]
    assert.same({ "y", 3, 8 }, { last.text, last.line, last.column })
    assert.equal(node.pairs[2], node.by.b)
    assert.equal("b", node.by.b.name)
  end)

  it("makes none of what is wrong, or too much, or no text", function()
    for _, text in ipairs(NONE) do
      assert.is_nil(fast(text), text)
    end
    assert.is_nil(core.json_tree("[1,2]", DEPTH, 2, PARTS))
    assert.is_nil(core.json_tree("[[1]]", 2, NODES, PARTS))
    assert.is_nil(core.json_tree("1", 0, NODES, PARTS))
    assert.has_error(function()
      core.json_tree(nil, DEPTH, NODES, PARTS)
    end)
  end)

  it("agrees with the reader in Lua when a byte is wrong", function()
    local text = '{"a\\n": [1.5, {"b":"\\u4e31"}],\n"c": null}'
    local bytes, wrong = '"{}[],:0-e\\ \n\1', 0
    for at = 1, #text do
      for i = 0, #bytes do
        local byte = bytes:sub(i, i) -- none at first
        for _, changed in ipairs {
          text:sub(1, at - 1) .. byte .. text:sub(at + 1), -- in its place
          text:sub(1, at) .. byte .. text:sub(at + 1), -- after it
        } do
          local expected = in_lua(changed)
          wrong = wrong + (expected and 0 or 1)
          assert.same(expected, fast(changed), changed)
        end
      end
    end
    assert.is_true(wrong > 500)
  end)
end)
