-- json_text: JSON taken apart and put together as text.
local json_text = require "equinix.base.json_text"

describe("json_text.read", function()
  it("returns every kind of value as it came, without the space around it",
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
        local value = json_text.read(" \t\r\n" .. text .. "\n ")
        assert.equal(text, value)
        assert.equal(kind, json_text.kind(value))
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
      local value, where = json_text.read(text)
      assert.is_nil(value, text)
      assert.matches(" at byte %d+$", where)
    end
  end)

  it("shows nothing of what it refuses", function()
    for _, text in ipairs { '{"s3cret":s3cret}', '"s3cret\\q"',
      '{"s3cret":1,"s3cret":2}', "[s3cret]" } do
      local _, where = json_text.read(text)
      assert.is_nil(where:find("s3cret", 1, true))
    end
  end)

  it("refuses invalid UTF-8, unpaired surrogates and overlong forms",
    function()
      for _, bytes in ipairs { "\128", "\255", "\192\128", "\193\191",
        "\195", "\195(", "\224\128\128", "\237\160\128", "\240\128\128\128",
        "\244\144\128\128", "\245\128\128\128", "\226\130", "\\ud800",
        "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\udfff\\ud800" } do
        assert.is_nil(json_text.read('"' .. bytes .. '"'), bytes)
        assert.is_nil(json_text.read('{"' .. bytes .. '":1}'), bytes)
      end
    end)

  it("refuses two members of one name, in any spelling", function()
    for _, text in ipairs { '{"a":1,"a":1}', '{"a":1,"\\u0061":2}',
      '[{"x":{"b":1,"c":2,"b":3}}]', '{"":1,"":2}' } do
      local value, where = json_text.read(text)
      assert.is_nil(value, text)
      assert.matches("duplicate name", where)
    end
    assert.truthy(json_text.read '{"a":{"a":1},"b":{"a":1}}')
  end)

  it("accepts 64 levels of arrays or objects and no more", function()
    for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
      local open, close = pair[1], pair[2]
      assert.truthy(json_text.read(open:rep(64) .. "1" .. close:rep(64)))
      assert.is_nil(json_text.read(open:rep(65) .. "1" .. close:rep(65)))
    end
    assert.is_nil(json_text.read(("["):rep(1000000)))
  end)

  it("accepts 4096 names in an object and no more; items are not counted",
    function()
      local function names(n)
        local members = {}
        for i = 1, n do
          members[i] = ('"%d":1'):format(i)
        end
        return '[{"a":1},{' .. table.concat(members, ",") .. "}]"
      end
      assert.truthy(json_text.read(names(4096)))
      local value, where = json_text.read(names(4097))
      assert.is_nil(value)
      assert.matches("more than 4096 names", where)
      assert.truthy(json_text.read("[" .. ("{},"):rep(5000) .. "1]"))
    end)

  it("reads a mebibyte of any kind of value", function()
    for _, part in ipairs { "1,", '"\195\169",', '{"a":[]},', '"\\\\",' } do
      local text = "[" .. part:rep(math.floor(1000000 / #part)) .. "0]"
      assert.equal(text, json_text.read(text))
    end
  end)
end)

describe("json_text.members", function()
  it("are texts, and values in them are no members", function()
    assert.same({ id = "1.0", a = '{"id":2, "b":[ ]}', [""] = "[]",
      ["x y"] = '"\\u0041"' },
      json_text.members('{"id":1.0,"a":{"id":2, "b":[ ]},"":[], '
        .. '"x\\u0020y" : "\\u0041"}'))
    assert.same({}, json_text.members "{ }")
  end)

  it("end where they end, also with brackets and quotes in a string",
    function()
      for _, value in ipairs { [["]}[{\"]}"]], [["\\"]], [["\\\""]],
        [[["]",{"}":"\"}"},[]] .. "]]", "-1.5e+3", "null",
        [[{"\"}":[{}]}]] } do
        local text = assert(json_text.read(value))
        assert.same({ a = text, ["b}"] = text }, json_text.members(
          ('{ "a" : %s\t,\n"b}":%s}'):format(text, text)))
        assert.same({ text, text, text }, json_text.items(
          ("[%s , %s,\r\n%s ]"):format(text, text, text)))
      end
    end)
end)

describe("json_text.items", function()
  it("are texts, in order", function()
    assert.same({ "1", "[2,3]", "{}", '"]"' },
      json_text.items '[1, [2,3] ,{},"]"]')
    assert.same({}, json_text.items "[ ]")
  end)
end)

describe("json_text.string", function()
  it("is the string that a text stands for, nil for others", function()
    assert.equal("aé\n/", json_text.string '"a\\u00e9\\n\\/"')
    assert.equal("", json_text.string '""')
    for _, text in ipairs { "1", "null", "true", "[]", "{}" } do
      assert.is_nil(json_text.string(text))
    end
    assert.is_nil(json_text.string(nil))
  end)
end)

describe("json_text.utf8", function()
  it("leaves UTF-8 unchanged; other bytes become U+FFFD", function()
    local SIGN = "\239\191\189"
    for _, text in ipairs { "", "abc", "\0\127", "caf\195\169",
      "\240\159\152\128x\226\130\172" } do
      assert.equal(text, json_text.utf8(text))
    end
    for text, shown in pairs { ["caf\233"] = "caf" .. SIGN,
      ["\255\254x"] = SIGN .. SIGN .. "x", ["\195"] = SIGN,
      ["\226\130"] = SIGN .. SIGN, ["\192\128"] = SIGN .. SIGN,
      ["\233\195\169\233"] = SIGN .. "\195\169" .. SIGN } do
      assert.equal(shown, json_text.utf8(text))
    end
  end)
end)

describe("json_text, writing,", function()
  it("inserts texts as they are, members in the order of their names",
    function()
      assert.equal('{"a":1.0,"b":9007199254740993,"c":{}}',
        json_text.object { c = "{}", a = "1.0", b = "9007199254740993" })
      assert.equal('[1,"x",[]]', json_text.array { "1", '"x"', "[]" })
    end)

  it("distinguishes an empty object from an empty array", function()
    assert.equal("{}", json_text.object {})
    assert.equal("[]", json_text.array {})
    assert.equal("[]", json_text.strings {})
  end)

  it("writes strings that can be read back", function()
    local text = "a\"b\\c\n\0\1/\127é"
    assert.equal(text, json_text.string(json_text.value(text)))
    assert.equal(text, json_text.string(json_text.items(
      json_text.strings { text })[1]))
    assert.equal("1", json_text.members(
      json_text.object { [text] = "1" })[text])
  end)

  it("writes numbers and booleans exactly", function()
    assert.equal("-32600", json_text.value(-32600))
    assert.equal("3600000", json_text.value(3600 * 1000))
    assert.equal("true", json_text.value(true))
  end)

  it("turns several lines into one, with the same value", function()
    local text = '{\r\n  "a": "x\\ny",\n"b": [\n]\n}'
    local line = json_text.one_line(text)
    assert.is_nil(line:find "[\r\n]")
    assert.equal("x\ny", json_text.string(json_text.members(line).a))
  end)
end)

describe("json_text.compact", function()
  it("takes the space between parts out, and none in strings", function()
    for text, compact in pairs {
      ['{ "a b" : [ 1 ,\t2 ],\n"c":"x \\" y  \\\\" }']
        = '{"a b":[1,2],"c":"x \\" y  \\\\"}',
      ["[ ]"] = "[]", ['" "'] = '" "', ["1.0"] = "1.0",
    } do
      assert.equal(compact, json_text.compact(text))
    end
  end)
end)

describe("json_text.members", function()
  it("gives the names in their order to a list of the caller", function()
    local order = {}
    json_text.members('{"b":1,"a":{"x":2},"c\\u0041":3}', order)
    assert.same({ "b", "a", "cA" }, order)
  end)
end)
