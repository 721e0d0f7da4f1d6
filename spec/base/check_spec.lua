-- check: the line that an error names, and the name that it suggests.
local check = require "equinix.base.check"
local raises = require "spec.support.raises"

local here, assert_raises = raises.here, raises.assert

local KNOWN = { size = "number", name = "string table", any = "any" }

describe("check.names", function()
  it("accepts what is known and of its type", function()
    check.names({ size = 1, name = {}, any = print }, KNOWN, "option", 1)
    check.names({ name = "x" }, KNOWN, "option", 1)
    check.names({}, KNOWN, "option", 1)
  end)

  it("raises for the rest, and names what was probably meant", function()
    for text, opts in pairs {
      ["unknown option 'sise', did you mean 'size'?"] = { sise = 1 },
      ["unknown option 'entirely'"] = { entirely = 1 },
      ["unknown option '1'"] = { "x" },
      ["option 'size' must be a number, not a string"] = { size = "1" },
      ["option 'name' must be a string or a table, not a boolean"] =
        { name = true },
    } do
      assert_raises(text, function()
        here() check.names(opts, KNOWN, "option", 1)
      end)
    end
    assert_raises("options must be a table, not string", function()
      here() check.names("x", KNOWN, "option", 1)
    end)
  end)
end)

describe("check.positive", function()
  it("refuses a number that can't be a limit", function()
    assert.is_true(check.positive(0.001))
    for _, value in ipairs { 0, -1, math.huge, 0 / 0 } do
      assert.falsy(check.positive(value))
    end
    assert.falsy(check.positive(nil))
  end)
end)

describe("check.retry", function()
  it("accepts booleans, and tables of known members", function()
    check.retry(false, 1)
    check.retry({ attempts = 1, base = 2, cap = 3 }, 1)
    assert_raises("unknown retry option 'maximum'", function()
      here() check.retry({ maximum = 1 }, 1)
    end)
  end)
end)
