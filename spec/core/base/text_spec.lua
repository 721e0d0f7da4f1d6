-- text: calls under the locale "C".
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
