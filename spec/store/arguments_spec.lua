-- arguments: the limits of keys, records and times, and the line that misuse
-- raises at. equinix.store.contract checks them for each store.
local arguments = require "equinix.store.arguments"
local raises = require "spec.support.raises"

local here, assert_raises = raises.here, raises.assert

-- A store's method, as the functions expect their caller.
local function method(check, value)
  local result = arguments[check](value)
  return result
end

describe("the arguments of a store", function()
  it("accept what is within the limits", function()
    for _, key in ipairs { "k", "A-b_c.9", ("k"):rep(128), "_" } do
      method("key", key)
    end
    method("record", "\0")
    method("record", ("x"):rep(arguments.MAX_RECORD))
    method("lease", true)
  end)

  it("return a time to live, at most 31 years", function()
    assert.equal(0.001, method("ttl", 0.001))
    assert.equal(1e9, method("ttl", 1e300))
  end)

  it("raise at the line that called the method", function()
    for _, case in ipairs {
      { "key", ".k", "a key must be 1 to 128 letters, digits, '_', '.' or "
        .. "'-', and must not begin with '.' or '-'" },
      { "record", "", "a record must be a string of 1 to 65536 bytes" },
      { "ttl", 1 / 0,
        "ttl must be a finite number of seconds greater than 0" },
      { "lease", false,
        "a lease must be one that this store's lock returned" },
    } do
      assert_raises(case[3], function()
        here() method(case[1], case[2])
      end)
    end
  end)
end)
