-- cli/cell: one value of a table, as text on one line.
local cell = require "equinix.cli.cell"

describe("a cell", function()
  it("is the text of a value", function()
    for json, text in pairs {
      ['"a b"'] = "a b", ['""'] = "", ["true"] = "true", ["null"] = "",
      ["1.50"] = "1.50", ["123456789012345678901234567890"]
        = "123456789012345678901234567890", ["-1e400"] = "-1e400",
      ['"Z\\u00fcrich"'] = "Zürich",
      ['{ "a" : [ 1, "x  y" ],\n\t"b": {} }'] = '{"a":[1,"x  y"],"b":{}}',
      ['[ ]'] = "[]", ['"\\ud800"'] = '"\\ud800"',
    } do
      assert.equal(text, cell.text(json))
    end
    assert.equal("", cell.text(nil))
  end)

  it("escapes what would change the terminal, the line or the order",
    function()
      assert.equal("a\\tb\\nc\\rd\\x1b[1m\\x00\\u{202e}",
        cell.text [["a\tb\nc\rd\u001b[1m\u0000\u202e"]])
      assert.equal('{"a":"\\n"}', cell.text [[{"a":"\n"}]])
    end)

  it("doubles a backslash where it has to be read back", function()
    assert.equal([[C:\\n]], cell.text([["C:\\n"]], true))
    assert.equal([[C:\n]], cell.text [["C:\\n"]])
    assert.equal([[\t]], cell.text([["\t"]], true))
  end)

  it("is as wide as it has characters", function()
    assert.equal(0, cell.width "")
    assert.equal(6, cell.width "Zürich")
    assert.equal(2, cell.width "東京")
  end)

  it("is cut between characters", function()
    assert.equal("Zürich", cell.cut("Zürich", 6))
    assert.equal("Zü…", cell.cut("Zürich", 3))
    assert.equal("…", cell.cut("Zürich", 1))
    assert.equal(("ü"):rep(999) .. "…", cell.cut(("ü"):rep(2000), 1000))
  end)
end)
