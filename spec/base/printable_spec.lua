-- printable: text from outside, for a terminal or a log.
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local printable = require "equinix.base.printable"

describe("printable text", function()
  it("leaves alone what can't harm", function()
    for _, text in ipairs { "", "plain", "caf\195\169 \226\130\172",
      "\240\159\146\167 \\ \"", "\226\128\167 \226\128\175" } do
      assert.equal(text, printable.text(text))
      assert.equal(text, printable.json(text))
    end
  end)

  it("has escapes for all that could", function()
    for raw, escaped in pairs {
      ["a\27[31mb"] = "a\\x1b[31mb",
      ["\7\r\n\t\0\127"] = "\\x07\\x0d\\x0a\\x09\\x00\\x7f",
      ["\194\155x\194\128\194\159"] = "\\u{9b}x\\u{80}\\u{9f}",
      ["\155x\255"] = "\\x9bx\\xff", -- no UTF-8: a raw C1
      ["\226\128\168\226\128\169"] = "\\u{2028}\\u{2029}",
      ["\226\128\174z\226\128\170"] = "\\u{202e}z\\u{202a}",
      ["\226\129\166\226\129\169"] = "\\u{2066}\\u{2069}",
      ["\195"] = "\\xc3", -- a character cut off
      ["\192\155"] = "\\xc0\\x9b", -- longer spellings and surrogates
      ["\237\160\128"] = "\\xed\\xa0\\x80",
    } do
      assert.equal(escaped, printable.text(raw))
    end
  end)

  it("as JSON stands for the same", function()
    local value = { "\194\155\226\128\174\127caf\195\169\27" }
    local text = printable.json(json.encode(value))
    assert.is_nil(text:find "\194\155")
    assert.is_nil(text:find "\226\128\174")
    assert.same(value, json.decode(text))
  end)

  it("is what an error prints; its fields are as they came", function()
    local err = errors.make("http", "no \27[2J\nlines", {
      errors = { { message = "\27[31m" } },
    })
    assert.equal("equinix: no \\x1b[2J\\x0alines", tostring(err))
    assert.equal("failed: equinix: no \\x1b[2J\\x0alines", "failed: " .. err)
    assert.equal("no \27[2J\nlines", err.message)
    assert.equal("\27[31m", err.errors[1].message)
  end)
end)
