-- date: core.date, what libcurl makes of a date.
local core = require "equinix.core"

describe("core.date", function()
  it("reads the dates of HTTP and of certificates", function()
    for _, text in ipairs {
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
      "Nov  6 08:49:37 1994 GMT",
    } do
      assert.equal(784111777, core.date(text), text)
    end
  end)

  it("reads moments before 1970 and beyond 32 bits", function()
    assert.equal(-86400, core.date "31 Dec 1969 00:00:00 GMT")
    assert.equal(253402300799, core.date "31 Dec 9999 23:59:59 GMT")
  end)

  it("is nil for what is no date", function()
    for _, text in ipairs { "", "soon", "06 Foo 1994", "-1",
      "Sun, 06 Nov 1994 56:49:37 GMT", "Sun, 60 Nov 1994 08:49:37 GMT",
      ("x"):rep(100000) } do
      assert.is_nil(core.date(text))
    end
  end)

  it("is nil for a date that a NUL cuts short", function()
    assert.is_nil(core.date "Sun, 06 Nov 1994 08:49:37 GMT\0")
    assert.is_nil(core.date "\0")
  end)

  it("raises for what is no string", function()
    assert.error_matches(function()
      core.date(nil)
    end, "string expected")
  end)
end)
