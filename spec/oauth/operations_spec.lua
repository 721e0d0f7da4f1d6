-- capability: the published one, to the letter.
local operations = require "equinix.oauth.operations"
local grant = require "equinix.oauth.grant"

local function names(fields)
  local list = {}
  for i, field in ipairs(fields) do
    list[i] = field.name
  end
  return list
end

describe("the capability", function()
  it("has the two operations, in their order", function()
    local seen = {}
    for i, operation in ipairs(operations.operations) do
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
    for _, operation in ipairs(operations.operations) do
      assert.same({ readOnly = false, destructive = false,
        idempotent = false }, operation.hints)
    end
  end)

  it("is published under its two names", function()
    assert.same({ rest = "equinix-rest", mcp = "equinix-mcp" },
      operations.namespaces)
  end)

  it("has the members of Equinix's bodies, and those of its answer",
    function()
      local get, refresh = operations.operations[1], operations.operations[2]
      assert.same({ "grant_type", "client_id", "client_secret", "user_name",
        "user_password", "password_encoding" }, names(get.fields))
      assert.same({ "client_id", "client_secret", "refresh_token" },
        names(refresh.fields))
      assert.same({ "access_token", "token_timeout", "token_type",
        "user_name", "refresh_token", "refresh_token_timeout" },
        names(operations.answer))
    end)

  it("knows which members are secret, and which are credentials", function()
    local secret, credential = {}, {}
    for _, operation in ipairs(operations.operations) do
      for _, field in ipairs(operation.fields) do
        secret[field.name] = field.secret
        credential[field.name] = field.credential
      end
    end
    assert.same({ client_secret = true, user_password = true,
      refresh_token = true }, secret)
    assert.same({ client_id = true, client_secret = true, user_name = true,
      user_password = true }, credential)
  end)

  it("explains every member", function()
    for _, operation in ipairs(operations.operations) do
      for _, field in ipairs(operation.fields) do
        assert.matches("%.$", field.description)
      end
    end
    for _, field in ipairs(operations.answer) do
      assert.matches("%.$", field.description)
    end
  end)
end)
