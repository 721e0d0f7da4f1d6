-- whole_numbers: integers, and what is not finite, by a text or without.
local core = require "equinix.core"

describe("core.whole_numbers", function()
  it("makes integers of whole floats, in place", function()
    local value = { 1.0, { a = 2.0, b = 2.5, c = "3" }, 2 ^ 53, -0.0 }
    local same, finite = core.whole_numbers(value)
    assert.equal(value, same)
    assert.is_true(finite)
    if math.type then
      assert.equal("integer", math.type(value[1]))
      assert.equal("integer", math.type(value[2].a))
      assert.equal("float", math.type(value[2].b))
      assert.equal("float", math.type(value[3]))
      assert.equal("integer", math.type((core.whole_numbers(7.0))))
    end
    assert.equal("3", value[2].c)
  end)

  it("finds what is not finite, wherever it is", function()
    for _, bad in ipairs { 1 / 0, -1 / 0, 0 / 0 } do
      for _, value in ipairs { bad, { bad }, { a = { { bad } }, 1 } } do
        assert.is_false((select(2, core.whole_numbers(value))))
      end
    end
    for _, value in ipairs { "1", true, {}, 0, print } do
      assert.is_true((select(2, core.whole_numbers(value))))
    end
    assert.is_true((select(2, core.whole_numbers(nil))))
  end)

  it("has a limit", function()
    local deep = {}
    for _ = 1, 999 do
      deep = { deep }
    end
    assert.is_true((select(2, core.whole_numbers(deep))))
    assert.is_false(pcall(core.whole_numbers, { deep }))
    local loop = {}
    loop[1] = loop
    assert.is_false(pcall(core.whole_numbers, loop))
  end)

  -- Of a library that reads all numbers as floats.
  local function read(text, value)
    text = (" "):rep(4096) .. text -- of a short one all tables are looked at
    return core.whole_numbers(value, text, true, function(quoted)
      return (quoted:gsub('^"(.*)"$', "%1"):gsub("\\/", "/"))
    end)
  end

  it("looks only where the text has numbers", function()
    local value, finite, long = read('{"a":[1.0,"2"],"b\\/":{"c":3}}',
      { a = { 1.0, 2.0 }, ["b/"] = { c = 3.0, d = 1 / 0 } })
    assert.is_true(finite)
    assert.is_false(long)
    if math.type then
      assert.equal("integer", math.type(value.a[1]))
      assert.equal("float", math.type(value.a[2]))
      assert.equal("integer", math.type(value["b/"].c))
    end
    assert.is_false((select(2, read("[1e999]", { 1 / 0 }))))
    assert.is_true((select(3, read("[1000000000000000000]", { 1e18 }))))
  end)

  it("looks everywhere where it can't follow the text", function()
    for _, text in ipairs { '["open', "[1", "]", "1,2", "[[[[",
      ("["):rep(65) .. ("]"):rep(65) } do
      local _, finite, long = read(text, { a = { 1 / 0 } })
      assert.is_false(finite, text)
      assert.is_true(long, text)
    end
  end)

  it("looks everywhere where the text is short, or full of numbers",
    function()
      for _, text in ipairs { "[]", "[" .. ("1e0,"):rep(5000) .. "1]" } do
        assert.is_false((select(2, core.whole_numbers({ { 1 / 0 } }, text,
          true, tostring))))
      end
    end)

  it("takes a text of other tables without harm", function()
    for _, text in ipairs { "[1,[2,3]]", '{"a":{"b":1,"c":[4]}}',
      '{"":-7}', "[[[]],1]" } do
      for _, value in ipairs { {}, { "x", "y" }, { a = 7 }, { { 1.5 } },
        { a = { b = { 1 }, c = true } } } do
        assert.equal(value, (read(text, value)))
      end
    end
    assert.is_false(pcall(core.whole_numbers, {}, "[]", true))
  end)
end)
