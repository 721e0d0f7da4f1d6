-- trim: text without what is around it.
local trim = require "equinix.base.trim"

describe("trim", function()
  it("cuts both ends, and nothing inside", function()
    for text, expected in pairs { [""] = "", [" "] = "", [" \t "] = "",
      ["a"] = "a", [" a"] = "a", ["a\t"] = "a", ["  a  b  "] = "a  b",
      [" \na\n "] = "\na\n" } do
      assert.equal(expected, trim.both(text, "[ \t]"), text)
    end
    assert.equal("a", trim.both(" \na\r\n ", "%s"))
  end)

  it("cuts the end only", function()
    for text, expected in pairs { [""] = "", ["//"] = "", ["/a/"] = "/a",
      ["a///"] = "a", ["a/b"] = "a/b" } do
      assert.equal(expected, trim.tail(text, "/"), text)
    end
  end)
end)
