-- text: calls under the locale "C", and whole numbers.
local core = require "equinix.core"

describe("core.in_c_locale", function()
  it("is pcall", function()
    assert.same({ true, 1, nil, 3 }, { core.in_c_locale(function(...)
      return ...
    end, 1, nil, 3) })
    local ok, message = core.in_c_locale(error, "no")
    assert.is_false(ok)
    assert.equal("no", message)
    local thrown = {}
    assert.equal(thrown, select(2, core.in_c_locale(error, thrown)))
    assert.is_false(pcall(core.in_c_locale))
  end)

  it("may be called in itself", function()
    local _, inner, value = core.in_c_locale(core.in_c_locale, tostring, 0.5)
    assert.is_true(inner)
    assert.equal("0.5", value)
    assert.equal(".", core.decimal_point())
  end)
end)

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
end)
