-- json: a value survives the way there and back, or is refused.
local json = require "equinix.base.json"

-- Does this Lua tell integers from floats?
local has_integers = math.type ~= nil

describe("equinix.base.json", function()
  it("reads whole numbers as integers and leaves fractions alone", function()
    local value = json.decode '{"a":[3,{"b":-7}],"c":2.5,"d":1e3,"e":0}'
    assert.same({ a = { 3, { b = -7 } }, c = 2.5, d = 1000, e = 0 }, value)
    assert.equal("3", tostring(value.a[1]))
    if has_integers then
      for _, number in ipairs { value.a[1], value.a[2].b, value.e,
        json.decode "12" } do
        assert.equal("integer", math.type(number))
      end
      assert.equal("float", math.type(value.c))
    end
  end)

  it("shows when a whole number may be inexact", function()
    assert.equal(9007199254740991, json.decode "[9007199254740991]"[1])
    local beyond = json.decode "[9007199254740993]"[1]
    if has_integers then -- exact, or seen to be a float
      assert(math.type(beyond) == "float"
        or ("%d"):format(beyond) == "9007199254740993")
      assert.equal("float", math.type(json.decode "[1e300]"[1]))
    end
  end)

  it("tells null, false, an empty array and an empty object apart", function()
    assert.equal(json.null, json.decode '{"a":null}'.a)
    assert.equal(json.null, json.decode "null")
    assert.is_false(json.decode "false")
    assert.equal("{}", json.encode {})
    assert.equal("[]", json.encode(json.empty_array))
    assert.equal('{"a":[]}', json.encode { a = json.empty_array })
    assert.equal('[[],[1,[]],null]',
      json.encode { json.empty_array, { 1, json.empty_array }, json.null })
  end)

  it("leaves the caller's table unchanged", function()
    local inner = { json.empty_array }
    local value = { list = inner, kept = { 1 } }
    assert.equal("[]", (json.encode(value):match '"list":%[(%[%])%]'))
    assert.equal(inner, value.list)
    assert.equal(json.empty_array, inner[1])
  end)

  it("keeps strings that look like its own marks", function()
    for _, text in ipairs { "[]", "\1", "\1\1", "%1", "\0", '"', "equinix" } do
      local value = json.decode(assert(json.encode { text,
        json.empty_array }))
      assert.equal(text, value[1])
    end
  end)

  it("sends every number exactly", function()
    for _, n in ipairs { 0, 1, -1, 99999999999999, -99999999999999,
      100000000000000, 123456789012345, -123456789012345, 2 ^ 53, 1e300,
      123456789.123456, 0.1, 0.1 + 0.2, 1 / 3, -1e-7, 5e-324,
      1.7976931348623157e308, 99999999.999999 } do
      local text = assert(json.encode { n })
      assert.equal(n, json.decode(text)[1], text)
      assert.equal(n, json.decode(assert(json.encode(n))), text)
    end
    assert.equal("[0.1,123456789.123456,1e+300]",
      json.encode { 0.1, 123456789.123456, 1e300 })
    assert.equal("[9007199254740992]", json.encode { 2 ^ 53 })
    if has_integers then
      assert.equal("9223372036854775807",
        json.encode(9223372036854775807))
    end
  end)

  it("keeps all digits of a number that is a name", function()
    assert.equal('{"123456789.123456":1}',
      json.encode { [123456789.123456] = 1 })
    assert.equal('{"-123456789012345":1}',
      json.encode { [-123456789012345] = 1 })
    assert.is_nil((json.encode { [1 / 0] = 1 }))
    local text = json.encode { [12345678901234568] = 1 }
    assert.equal(12345678901234568,
      tonumber(text:match '^{"([0-9.e+]+)":1}$'), text)
  end)

  it("refuses a number that no float can hold", function()
    for _, text in ipairs { "1e400", "-1e400", "[1e400]", '{"a":[1,-1e999]}',
      "[" .. ("9"):rep(400) .. "]" } do
      local value, message = json.decode(text)
      assert.is_nil(value)
      assert.matches("larger than any float", message, 1, true)
    end
    assert.equal(0, json.decode "[1e-400]"[1])
    assert.same({ 1 / 0, -1 / 0, 7 },
      json.decode("[1e400,-1e400,7]", true))
  end)

  it("reads a number beyond 64 bits as the nearest float", function()
    for text, value in pairs {
      ["18446744073709551616"] = 2 ^ 64,
      ["-18446744073709551616"] = -2 ^ 64,
      ["9223372036854775808"] = 2 ^ 63,
      ["99999999999999999999"] = 1e20,
    } do
      assert.equal(value, json.decode(text))
      assert.equal(value, json.decode('{"a":[' .. text .. ']}').a[1])
      assert.equal(value, json.decode(assert(json.encode(json.decode(text)))))
    end
    assert.equal("18446744073709551616",
      json.decode '["18446744073709551616"]'[1])
  end)

  it("skips one byte order mark", function()
    assert.equal("{}", json.without_bom "\239\187\191{}")
    assert.equal("\239\187\191",
      json.without_bom "\239\187\191\239\187\191")
    assert.equal("\239\187{}", json.without_bom "\239\187{}")
    assert.is_nil((json.decode "\239\187\191{}")) -- may not be sent
  end)

  it("refuses what JSON can't represent", function()
    for name, value in pairs {
      nan = 0 / 0,
      infinity = math.huge,
      negative = -math.huge,
      ["function"] = print,
      coroutine = coroutine.create(function() end),
      sparse = { [1] = 1, [1000] = 2 },
      key = { [{}] = 1 },
    } do
      local text, message = json.encode { value }
      assert.is_nil(text, name)
      assert.equal("string", type(message), name)
    end
    for _, text in ipairs { "", " ", "NaN", "[nan]", "Infinity", "[-inf]",
      "[0x10]", "{", "[1,]", "{'a':1}", "[1] x", "\0",
      ("["):rep(5000) } do
      local value, message = json.decode(text)
      assert.is_nil(value, text)
      assert.equal("string", type(message), text)
    end
    assert.is_nil((json.decode(nil)))
  end)

  it("refuses a cycle instead of following it", function()
    local loop = {}
    loop[1] = { deeper = loop }
    local text, message = json.encode(loop)
    assert.is_nil(text)
    assert.matches("cycle", message)
    local deep = {}
    for _ = 1, 127 do
      deep = { deep }
    end
    assert.truthy(json.encode(deep))
    assert.is_nil((json.encode { deep }))
  end)

  it("says where the text is invalid, and nothing of the data", function()
    local _, message = json.decode '{"client_secret": hunter2}'
    assert.matches("character", message)
    assert.not_matches("hunter", message)
    _, message = json.encode { client_secret = "hunter2", bad = print }
    assert.not_matches("hunter", message)
    assert.not_matches("%.lua:%d", message)
  end)

  it("leaves the settings of the program's own cjson alone", function()
    assert.truthy(pcall(require("cjson").decode, "[NaN]"))
    assert.is_nil((json.decode "[NaN]"))
  end)
end)
