-- token_handle: an opaque name for a token.
local token_handle = require "equinix.service.token_handle"

local TOKEN, OTHER = "the-access-token-1", "the-access-token-2"

describe("a token handle", function()
  it("fits its token and no other", function()
    local name = token_handle.issue(TOKEN)
    assert.is_true(token_handle.fits(name, TOKEN))
    assert.is_false(token_handle.fits(name, OTHER))
  end)

  it("is different each time, and each one fits", function()
    local seen = {}
    for _ = 1, 100 do
      local name = token_handle.issue(TOKEN)
      assert.is_nil(seen[name])
      assert.is_true(token_handle.fits(name, TOKEN))
      seen[name] = true
    end
  end)

  it("has one form, whatever the token is", function()
    for _, token in ipairs { "t", TOKEN, ("t"):rep(16 * 1024) } do
      assert.matches("^eqh_" .. ("%x"):rep(58) .. "$",
        token_handle.issue(token))
    end
  end)

  it("is refused when any character was changed", function()
    local name = token_handle.issue(TOKEN)
    for i = 5, #name do
      local other = name:sub(i, i) == "0" and "1" or "0"
      assert.is_false(token_handle.fits(name:sub(1, i - 1) .. other
        .. name:sub(i + 1), TOKEN), i)
    end
  end)

  it("is not any other text", function()
    for _, text in ipairs { "", "eqh_", "eqh_0", "eqh_00", TOKEN, "eqh_zz",
      token_handle.issue(TOKEN):sub(1, -2), token_handle.issue(TOKEN) .. "00",
      token_handle.issue(TOKEN):sub(5), "\0", ("0"):rep(100000) } do
      assert.is_false(token_handle.fits(text, TOKEN))
    end
  end)
end)
