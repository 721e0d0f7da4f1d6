-- form: names and values as text for a query or a form body.
local form = require "equinix.http.form"

describe("form.encode", function()
  it("orders names and repeats those of a list, in its order", function()
    assert.equal("a=x%20y&b=2&b=1", form.encode { b = { 2, 1 }, a = "x y" })
    assert.equal("", form.encode {})
    assert.equal("", form.encode { a = {} })
    assert.equal("1=x&2=y&a=z", form.encode { "x", "y", a = "z" })
  end)

  it("escapes every byte that could be read as a separator",
    function()
      assert.equal("a%26b%3D=c%26d%3De", form.encode { ["a&b="] = "c&d=e" })
      for byte = 0, 255 do
        local char = string.char(byte)
        local expected = char:find "^[%w%-._~]$" and char
          or ("%%%02X"):format(byte)
        assert.equal("k=" .. expected, form.encode { k = char })
      end
    end)

  it("writes whole numbers without a fraction, with all digits", function()
    for _, case in ipairs { { 50, "50" }, { 100 / 2, "50" }, { -3, "-3" },
      { 0.5, "0.5" }, { 123456789012345, "123456789012345" },
      { 2 ^ 53, "9007199254740992" } } do
      assert.equal("n=" .. case[2], form.encode { n = case[1] })
      assert.equal("n=" .. case[2], form.encode { n = { case[1] } })
    end
    assert.equal("a=true&b=false", form.encode { a = true, b = false })
  end)
end)
