-- exact_text: what a library wrote with "%.14g", put right.
local core = require "equinix.core"
local of_number = require("equinix.base.text").of_number

local EMPTY = {}

local function decode(quoted)
  return (quoted:gsub('^"(.*)"$', "%1"):gsub("\\/", "/"))
end

local function exact(value, text)
  local result = core.exact_text(value, text, decode, of_number, EMPTY)
  return type(result) == "table" and table.concat(result) or result
end

describe("core.exact_text", function()
  it("is true for a text that is exact", function()
    for text, value in pairs {
      ["{}"] = {}, ["[]"] = {}, ["[1,-2,0.5,1.25]"] = { 1, -2, 0.5, 1.25 },
      ['{"a":[{"b":1e-07}]}'] = { a = { { b = 1e-7 } } },
      ['["1e+300","{}"]'] = { "1e+300", "{}" }, ["[null,2]"] = { nil, 2 },
      ["[99999999999999,-0]"] = { 99999999999999, -0.0 },
    } do
      assert.is_true(exact(value, text), text)
    end
  end)

  it("puts numbers and empty arrays right, and nothing else", function()
    for text, case in pairs {
      ["[0.3]"] = { { 0.1 + 0.2 }, "[0.30000000000000004]" },
      ["[3,3]"] = { { 3 - 2 ^ -51, 3 }, "[2.9999999999999996,3]" },
      ['{"a\\/b":{"c":1e+14}}'] = { { ["a/b"] = { c = 1e14 } },
        '{"a\\/b":{"c":100000000000000}}' },
      ['[{},{},"{}"]'] = { { EMPTY, {}, "{}" }, '[[],{},"{}"]' },
      ['{"7":{}}'] = { { ["7"] = EMPTY }, '{"7":[]}' },
      ["{}"] = { EMPTY, "[]" },
      ['{"":1e+15}'] = { { [""] = 2 ^ 50 }, '{"":1125899906842624}' },
    } do
      assert.equal(case[2], exact(case[1], text), text)
    end
  end)

  it("says nothing of a text that it can't compare to the end", function()
    for text, value in pairs {
      ["[1]"] = {}, ['{"1":2}'] = { 2, a = 1 }, ["[1,2]"] = { 1, 2, a = 3 },
      ["[3]"] = { 3, [2 ^ 31] = 1 }, ['{"a":{"b":1}}'] = { a = 1 },
      ['["x'] = { "x" }, ["[1"] = { 1 }, ["1"] = { 1 }, ["]"] = { 1 },
      [("["):rep(65)] = { 1 },
    } do
      assert.is_nil(exact(value, text), text)
    end
    assert.is_false(pcall(core.exact_text, 1, "1", decode, print))
    assert.is_false(pcall(core.exact_text, {}, 1, decode, print))
    assert.is_false(pcall(core.exact_text, {}, "{}", decode))
    assert.is_nil((core.exact_text({ 1e15 }, "[1e+15]",
      decode, function() end)))
  end)
end)
