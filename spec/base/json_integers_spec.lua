-- json_integers: which numbers of a text get an exponent.
local integers = require "equinix.base.json_integers"

local MAX = "9223372036854775807"
local BEYOND = "9223372036854775808"

describe("equinix.base.json_integers", function()
  it("looks for nineteen digits in a row", function()
    assert.is_true(integers.is_long("[" .. MAX .. "]"))
    assert.is_false(integers.is_long "[922337203685477580,7]")
    assert.is_false(integers.is_long "")
  end)

  it("marks each whole number that 64 bits can't hold", function()
    for text, expected in pairs {
      [BEYOND] = BEYOND .. "e0",
      ["-" .. BEYOND] = "-" .. BEYOND .. "e0",
      ["[" .. BEYOND .. "," .. MAX .. "," .. BEYOND .. "]"] = "[" .. BEYOND
        .. "e0," .. MAX .. "," .. BEYOND .. "e0]",
      ['{"a":' .. BEYOND .. "0}"] = '{"a":' .. BEYOND .. "0e0}",
    } do
      assert.equal(expected, integers.as_floats(text))
    end
  end)

  it("leaves everything else as it is", function()
    for _, text in ipairs {
      "", "[]", MAX, "-" .. MAX, "0", '"' .. BEYOND .. '"',
      '{"\\"' .. BEYOND .. '":1}', '{"' .. BEYOND .. '\\\\":"\\\""}',
      BEYOND .. ".5", BEYOND .. "e3", "1." .. BEYOND, "1e" .. BEYOND,
      "0000000000000000000001", '"' .. BEYOND,
    } do
      assert.equal(text, integers.as_floats(text))
    end
  end)
end)
