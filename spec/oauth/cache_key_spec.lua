-- cache_key: what is one token, and what is one account.
local cache_key = require "equinix.oauth.cache_key"

local DEFAULTS = { base_url = "https://api.equinix.com",
  origin = "https://api.equinix.com:443", grant = "client_credentials",
  encoding = "json", client_id = "id", user_agent = "spec",
  connect_timeout = 10, proxy = "http://proxy:1", ca_file = "/ca" }

local function config(over)
  return setmetatable(over or {}, { __index = DEFAULTS })
end

local function key(over, secret)
  return cache_key.key(config(over), secret or "s")
end

describe("a token's key", function()
  it("differs with everything that shapes the request", function()
    local seen = { [key()] = "the plain one" }
    assert.equal(key(), key())
    for name, value in pairs { base_url = "https://other",
      grant = "password", encoding = "form", client_id = "id2",
      user_name = "u", cache_key = "k", proxy = "http://p", ca_file = "/b",
      client_cert = "/c", client_key = "/d", user_password = function()
        return "pw"
      end } do
      local other = key { [name] = value }
      assert.is_nil(seen[other], name)
      seen[other] = name
    end
    assert.is_nil(seen[key({}, "other secret")])
  end)

  it("can't be forged by moving bytes from one part to the next", function()
    assert.not_equal(key({ client_id = "ab" }, "c"),
      key({ client_id = "a" }, "bc"))
    assert.not_equal(key({ client_id = "a1:b" }, "c"),
      key({ client_id = "a" }, "1:bc"))
  end)

  it("is not the account's, which knows no secret and no grant", function()
    local identity = cache_key.identity(config())
    assert.equal(identity, cache_key.identity(config { encoding = "form",
      base_url = "https://api.equinix.com/x", cache_key = "k",
      user_name = "who signs in with the password grant only" }))
    for _, over in ipairs { { client_id = "b" },
      { user_name = "u", grant = "password" },
      { origin = "https://o:443" } } do
      assert.not_equal(identity, cache_key.identity(config(over)))
    end
  end)

  it("differs from what is proved, which knows every secret", function()
    local proof = cache_key.proof(config(), "s")
    assert.not_equal(proof, cache_key.proof(config(), "t"))
    assert.not_equal(proof, cache_key.proof(config {
      user_password = function()
        return "p"
      end,
    }, "s"))
  end)
end)
