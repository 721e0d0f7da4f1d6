-- Capabilities that a program made, as YAML and as a tree.
local reader = require "equinix.capability.reader"
local writer = require "equinix.capability.writer"

local map = writer.map

-- A tree without its places and without the quotes, which differ.
local function bare(node)
  if node.kind == "text" then
    return node.text
  end
  local copy = { node.kind }
  for _, pair in ipairs(node.pairs or {}) do
    copy[#copy + 1] = { pair.name, bare(pair) }
  end
  for _, item in ipairs(node.items or {}) do
    copy[#copy + 1] = bare(item)
  end
  return copy
end

local TEXTS = {
  "a", "no", "On", "true", "null", "~", "", " a", "a ", "010", "1.5", "1e3",
  "12:30:45", "2026-05-19", "a: b", "a #b", "#a", "- a", "? a", "*a", "&a",
  "!a", "|", ">", "%a", "@a", "`a", "{a}", "{{a}}", "[a]", "a, b", "'", '"',
  "it's", 'say "hi"', "a\\b", "a\nb", "a\tb", "\195\169t\195\169", "<<", "=",
  "/v1/ports/{id}", "https://api.equinix.com", "$.", "a\n", "  ", "Yes.",
  ("word "):rep(60) .. "end", ("word  "):rep(60) .. "end", ("x"):rep(200),
  ("word: 'x' "):rep(30) .. "end", "---", "...", "- - a", "A b: c",
  "\226\128\168", "\194\133 x", ("a - b # c "):rep(20) .. ".",
}

describe("the writer", function()
  it("writes YAML that reads back as the same tree", function()
    for _, text in ipairs(TEXTS) do
      local value = map("name", text, "list", { text, map("x", text) },
        "inner", map(text == "" and "empty" or text, { { text } }))
      if text ~= "<<" then -- no key
        local node, problems = reader.read(writer.yaml(value), "x.yaml")
        assert(node, problems and text .. ": " .. problems[1].message)
        assert.same(bare(writer.tree(value)), bare(node), text)
      end
    end
  end)

  it("writes empty ones, numbers and flags", function()
    assert.equal("a: {}\nb: []\nc: 8080\nd: true\ne: '8080'\n",
      writer.yaml(map("a", map(), "b", {}, "c", 8080, "d", true,
        "e", "8080", "f", nil)))
  end)

  it("keeps lines of long texts under 80 columns", function()
    local text = writer.yaml(map("a", map("b", ("word "):rep(100) .. "end")))
    for line in text:gmatch "[^\n]+" do
      assert.is_true(#line < 80)
    end
  end)
end)
