-- adapter/mcp/scan: JSON text taken apart as text.
local scan = require "equinix.base.json_text"

describe("scan.read", function()
  it("gives every kind of value back as it came, without the space around",
    function()
      for text, kind in pairs {
        ["{}"] = "object", ["[]"] = "array", ['""'] = "string",
        ["true"] = "boolean", ["false"] = "boolean", ["null"] = "null",
        ["0"] = "number", ["-0"] = "number", ["1.0"] = "number",
        ["1e5"] = "number", ["-1.5E-7"] = "number", ["10"] = "number",
        ["9007199254740993"] = "number", ['"\\u00e9\\n\\/"'] = "string",
        ['"\\ud83d\\ude00"'] = "string", ['"\195\169\240\159\152\128"'] =
          "string", ['"\127"'] = "string",
        ['{"a":{"a":[1,{"a":2}]},"b":1}'] = "object",
        ["[ 1 ,\t2 ]"] = "array", ['{ "a" : 1 , "b" : [ ] }'] = "object",
      } do
        local value = scan.read(" \t\r\n" .. text .. "\n ")
        assert.equal(text, value)
        assert.equal(kind, scan.kind(value))
      end
    end)

  local BROKEN = {
    "", " ", "{", "[", '"', '{"a"', '{"a":', '{"a":1', "[1", "[1,", "[1,]",
    '{"a":1,}', "{,}", "[,]", "{a:1}", "{'a':1}", '{"a" 1}', "{1:1}",
    "1 2", "{}{}", "[]x", "nul", "nulll", "True", "NaN", "Infinity", "-",
    "-x", "+1", "01", "-01", "00", "1.", ".5", "1.e5", "1e", "1e+", "0x10",
    "1_0", '"\n"', '"\t"', '"\0"', '"\31"', '"\\x"', '"\\u12"', '"\\u12g4"',
    '"\\', '"\\"', "// x\n1", "/**/1", "\239\187\1911", "undefined",
    "[1 2]", '{"a":1 "b":2}', "]", "}", ",", ":", '["a":1]',
  }

  it("refuses what is not JSON, and says where", function()
    for _, text in ipairs(BROKEN) do
      local value, where = scan.read(text)
      assert.is_nil(value, text)
      assert.matches(" at byte %d+$", where)
    end
  end)

  it("shows nothing of what it refuses", function()
    for _, text in ipairs { '{"s3cret":s3cret}', '"s3cret\\q"',
      '{"s3cret":1,"s3cret":2}', "[s3cret]" } do
      local _, where = scan.read(text)
      assert.is_nil(where:find("s3cret", 1, true))
    end
  end)

  it("refuses what is no UTF-8, half surrogates and overlong forms",
    function()
      for _, bytes in ipairs { "\128", "\255", "\192\128", "\193\191",
        "\195", "\195(", "\224\128\128", "\237\160\128", "\240\128\128\128",
        "\244\144\128\128", "\245\128\128\128", "\226\130", "\\ud800",
        "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\udfff\\ud800" } do
        assert.is_nil(scan.read('"' .. bytes .. '"'), bytes)
        assert.is_nil(scan.read('{"' .. bytes .. '":1}'), bytes)
      end
    end)

  it("refuses two members of one name, however they are spelled", function()
    for _, text in ipairs { '{"a":1,"a":1}', '{"a":1,"\\u0061":2}',
      '[{"x":{"b":1,"c":2,"b":3}}]', '{"":1,"":2}' } do
      local value, where = scan.read(text)
      assert.is_nil(value, text)
      assert.matches("a name that its object has already", where)
    end
    assert.truthy(scan.read '{"a":{"a":1},"b":{"a":1}}')
  end)

  it("takes 64 levels and no more, whatever is in them", function()
    for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
      local open, close = pair[1], pair[2]
      assert.truthy(scan.read(open:rep(64) .. "1" .. close:rep(64)))
      assert.is_nil(scan.read(open:rep(65) .. "1" .. close:rep(65)))
    end
    assert.is_nil(scan.read(("["):rep(1000000)))
  end)

  it("takes 4096 names in an object and no more; items are not counted",
    function()
      local function names(n)
        local members = {}
        for i = 1, n do
          members[i] = ('"%d":1'):format(i)
        end
        return '[{"a":1},{' .. table.concat(members, ",") .. "}]"
      end
      assert.truthy(scan.read(names(4096)))
      local value, where = scan.read(names(4097))
      assert.is_nil(value)
      assert.matches("more than 4096 names", where)
      assert.truthy(scan.read("[" .. ("{},"):rep(5000) .. "1]"))
    end)

  it("reads a mebibyte of anything without giving up", function()
    for _, part in ipairs { "1,", '"\195\169",', '{"a":[]},', '"\\\\",' } do
      local text = "[" .. part:rep(math.floor(1000000 / #part)) .. "0]"
      assert.equal(text, scan.read(text))
    end
  end)
end)

describe("scan.members", function()
  it("are texts, and values in them are no members", function()
    assert.same({ id = "1.0", a = '{"id":2, "b":[ ]}', [""] = "[]",
      ["x y"] = '"\\u0041"' },
      scan.members('{"id":1.0,"a":{"id":2, "b":[ ]},"":[], '
        .. '"x\\u0020y" : "\\u0041"}'))
    assert.same({}, scan.members "{ }")
  end)

  it("end where they end, whatever brackets and quotes a string has",
    function()
      for _, value in ipairs { [["]}[{\"]}"]], [["\\"]], [["\\\""]],
        [[["]",{"}":"\"}"},[]] .. "]]", "-1.5e+3", "null",
        [[{"\"}":[{}]}]] } do
        local text = assert(scan.read(value))
        assert.same({ a = text, ["b}"] = text }, scan.members(
          ('{ "a" : %s\t,\n"b}":%s}'):format(text, text)))
        assert.same({ text, text, text }, scan.items(
          ("[%s , %s,\r\n%s ]"):format(text, text, text)))
      end
    end)
end)

describe("scan.items", function()
  it("are texts, in order", function()
    assert.same({ "1", "[2,3]", "{}", '"]"' },
      scan.items '[1, [2,3] ,{},"]"]')
    assert.same({}, scan.items "[ ]")
  end)
end)

describe("scan.string", function()
  it("is what a string says, and nil for all else", function()
    assert.equal("aé\n/", scan.string '"a\\u00e9\\n\\/"')
    assert.equal("", scan.string '""')
    for _, text in ipairs { "1", "null", "true", "[]", "{}" } do
      assert.is_nil(scan.string(text))
    end
    assert.is_nil(scan.string(nil))
  end)
end)

describe("scan.utf8", function()
  it("leaves UTF-8 as it is, and puts U+FFFD for every other byte", function()
    local SIGN = "\239\191\189"
    for _, text in ipairs { "", "abc", "\0\127", "caf\195\169",
      "\240\159\152\128x\226\130\172" } do
      assert.equal(text, scan.utf8(text))
    end
    for text, shown in pairs { ["caf\233"] = "caf" .. SIGN,
      ["\255\254x"] = SIGN .. SIGN .. "x", ["\195"] = SIGN,
      ["\226\130"] = SIGN .. SIGN, ["\192\128"] = SIGN .. SIGN,
      ["\233\195\169\233"] = SIGN .. "\195\169" .. SIGN } do
      assert.equal(shown, scan.utf8(text))
    end
  end)
end)
