-- capability: the published one, to the letter.
local capability = require "equinix.capability"
local grant = require "equinix.grant"

describe("the capability", function()
  it("has the two operations, in their order", function()
    local seen = {}
    for i, operation in ipairs(capability.operations) do
      seen[i] = { operation.name, operation.title, operation.method,
        operation.path }
    end
    assert.same({
      { "getoauth2accesstoken", "Generate New Access Token", "POST",
        grant.TOKEN_PATH },
      { "refreshoauth2accesstoken", "Renew Access Tokens", "POST",
        grant.REFRESH_PATH },
    }, seen)
  end)

  it("claims of none that it is harmless", function()
    for _, operation in ipairs(capability.operations) do
      assert.same({ readOnly = false, destructive = false,
        idempotent = false }, operation.hints)
    end
  end)
end)
