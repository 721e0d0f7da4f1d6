-- adapter/mcp/write: JSON text put together of texts.
local scan = require "equinix.base.json_text"
local write = require "equinix.base.json_write"

describe("write", function()
  it("puts texts in as they are, members in the order of their names",
    function()
      assert.equal('{"a":1.0,"b":9007199254740993,"c":{}}',
        write.object { c = "{}", a = "1.0", b = "9007199254740993" })
      assert.equal('[1,"x",[]]', write.array { "1", '"x"', "[]" })
    end)

  it("tells an empty object from an empty array", function()
    assert.equal("{}", write.object {})
    assert.equal("[]", write.array {})
    assert.equal("[]", write.strings {})
  end)

  it("writes strings that scan reads back", function()
    local text = "a\"b\\c\n\0\1/\127é"
    assert.equal(text, scan.string(write.value(text)))
    assert.equal(text, scan.string(scan.items(write.strings { text })[1]))
    assert.equal("1", scan.members(write.object { [text] = "1" })[text])
  end)

  it("writes numbers and booleans as they are meant", function()
    assert.equal("-32600", write.value(-32600))
    assert.equal("3600000", write.value(3600 * 1000))
    assert.equal("true", write.value(true))
  end)

  it("makes one line of many, and the same value of it", function()
    local text = '{\r\n  "a": "x\\ny",\n"b": [\n]\n}'
    local line = write.one_line(text)
    assert.is_nil(line:find "[\r\n]")
    assert.equal("x\ny", scan.string(scan.members(line).a))
  end)
end)
