-- text: text and numbers that no locale changes (spec/locale_spec.lua runs
-- a client under some).
local core = require "equinix.core"
local text = require "equinix.base.text"

describe("equinix.base.text", function()
  it("changes A to Z and no other byte", function()
    local all = {}
    for byte = 0, 255 do
      all[byte + 1] = string.char(byte)
    end
    local bytes = table.concat(all)
    local lower = bytes:gsub("[A-Z]", function(letter)
      return string.char(letter:byte() + 32)
    end)
    assert.equal(lower, text.lower(bytes))
    assert.equal(lower, core.lower(bytes))
    assert.equal("content-id\221", core.lower "Content-ID\221")
    assert.equal("", core.lower "")
    assert.equal("PATCH-I\253", text.upper "patch-i\253")
    assert.is_false(pcall(core.lower, nil))
  end)

  it("writes each number so that it reads back as the same", function()
    for _, number in ipairs { 0, 1, -1, 0.1, 1 / 3, 123456789.123456, 2 ^ 53,
      1e300, 5e-324, 1.7976931348623157e308, 0.1 + 0.2 } do
      assert.equal(number, tonumber(text.of_number(number)))
    end
    assert.equal("50", text.of_number(100 / 2))
    assert.equal("0.1", text.of_number(0.1))
    assert.equal("123456789.123456", text.of_number(123456789.123456))
    assert.equal("9007199254740992", text.of_number(2 ^ 53))
    if math.type then
      assert.equal("9223372036854775807", text.of_number(9223372036854775807))
    end
  end)

  it("reads numbers with a point only", function()
    assert.equal(2.5, text.number "2.5")
    assert.is_nil(text.number "2,5")
    assert.is_nil(text.number "seconds")
    assert.is_nil(text.number(nil))
  end)

  it("formats, and raises what format raises", function()
    assert.equal("0.50", text.format("%.2f", 0.5))
    assert.is_false(pcall(text.format, "%d", "x"))
  end)

  it("orders by bytes", function()
    local words = { "z", "a", "Z", "", "ab", "\228" }
    table.sort(words, text.before)
    assert.same({ "", "Z", "a", "ab", "z", "\228" }, words)
    assert.is_false(text.before("a", "a"))
  end)
end)
