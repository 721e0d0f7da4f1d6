-- handle: a name for a token that says nothing about it.
local handle = require "equinix.service.token_handle"

local TOKEN, OTHER = "the-access-token-1", "the-access-token-2"

describe("a handle", function()
  it("fits its token and no other", function()
    local name = handle.issue(TOKEN)
    assert.is_true(handle.fits(name, TOKEN))
    assert.is_false(handle.fits(name, OTHER))
  end)

  it("is another one each time, and each fits", function()
    local seen = {}
    for _ = 1, 100 do
      local name = handle.issue(TOKEN)
      assert.is_nil(seen[name])
      assert.is_true(handle.fits(name, TOKEN))
      seen[name] = true
    end
  end)

  it("looks like one, whatever the token is", function()
    for _, token in ipairs { "t", TOKEN, ("t"):rep(16 * 1024) } do
      assert.matches("^eqh_" .. ("%x"):rep(58) .. "$", handle.issue(token))
    end
  end)

  it("is refused when anything in it was changed", function()
    local name = handle.issue(TOKEN)
    for i = 5, #name do
      local other = name:sub(i, i) == "0" and "1" or "0"
      assert.is_false(handle.fits(name:sub(1, i - 1) .. other
        .. name:sub(i + 1), TOKEN), i)
    end
  end)

  it("can't be made of what is no handle", function()
    for _, text in ipairs { "", "eqh_", "eqh_0", "eqh_00", TOKEN, "eqh_zz",
      handle.issue(TOKEN):sub(1, -2), handle.issue(TOKEN) .. "00",
      handle.issue(TOKEN):sub(5), "\0", ("0"):rep(100000) } do
      assert.is_false(handle.fits(text, TOKEN))
    end
  end)
end)
