-- emulator/form: a form body, taken apart.
local form = require "equinix.emulator.form"

describe("form.decode", function()
  it("takes a form apart", function()
    assert.same({ a = "x y", b = "", c = "1=2&3", d = "" },
      form.decode "a=x+y&b=&c=1%3d2%263&d")
  end)

  it("takes nothing for nothing", function()
    assert.same({}, form.decode "")
    assert.same({ a = "1" }, form.decode "&&a=1&")
  end)

  it("leaves a percent sign alone that escapes nothing", function()
    assert.same({ a = "100% x%zz" }, form.decode "a=100%+x%zz")
  end)

  it("takes the last of two", function()
    assert.same({ a = "2" }, form.decode "a=1&a=2")
  end)
end)
