-- digest: SHA-256, checked against published examples.
local core = require "equinix.core"

describe("core.sha256", function()
  -- FIPS 180-4 examples, and the empty message
  local known = {
    [""] = "e3b0c44298fc1c149afbf4c8996fb924"
      .. "27ae41e4649b934ca495991b7852b855",
    abc = "ba7816bf8f01cfea414140de5dae2223"
      .. "b00361a396177a9cb410ff61f20015ad",
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"] = ""
      .. "248d6a61d20638b8e5c026930c3e6039"
      .. "a33ce45964ff2167f6ecedd419db06c1",
  }

  it("is SHA-256", function()
    for message, digest in pairs(known) do
      assert.equal(digest, core.sha256(message))
    end
  end)

  it("takes every byte, also NUL", function()
    assert.not_equal(core.sha256 "a", core.sha256 "a\0")
    assert.not_equal(core.sha256 "a\0b", core.sha256 "a\0c")
  end)

  it("takes a million bytes", function()
    assert.equal(
      "cdc76e5c9914fb9281a1c7e284d73e67"
        .. "f1809a48a497200e046d39ccc7112cd0",
      core.sha256(("a"):rep(1000000))
    )
  end)

  it("raises for what is no string", function()
    assert.error_matches(function()
      core.sha256(nil)
    end, "string expected")
    assert.error_matches(function()
      core.sha256 {}
    end, "string expected")
  end)
end)
