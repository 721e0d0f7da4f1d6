-- credentials: one set, from one source.
local credentials = require "equinix.client.credentials"
local process = require "spec.support.process"

local SET = {
  EQUINIX_API_CLIENTID = "env-id",
  EQUINIX_API_CLIENTSECRET = "env-secret",
  EQUINIX_API_TOKEN = "env-token",
}

describe("credentials", function()
  local getenv, set, dir = os.getenv, nil, nil
  before_each(function()
    set = {}
    os.getenv = function(name) -- luacheck: ignore 122
      return set[name]
    end
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
  end)
  setup(function()
    dir = process.tempdir()
  end)
  teardown(function()
    process.remove(dir)
  end)

  local function take(opts)
    local config = {}
    local reason = credentials.take(config, opts)
    return config, reason
  end

  local function file(text)
    local path = dir .. "/secret"
    local out = assert(io.open(path, "wb"))
    out:write(text)
    out:close()
    return path
  end

  it("come from the environment when none is given", function()
    set = SET
    local config, reason = take { timeout = 3 }
    assert.is_nil(reason)
    assert.equal("env-id", config.client_id)
    assert.equal("env-secret", config.secret())
    assert.equal("env-token", config.static_token())
  end)

  it("are never mixed: any of them given switches off all variables",
    function()
      set = SET
      for name, value in pairs { client_id = "x", client_secret = "x",
        client_secret_file = "x", token = "x", user_name = "x",
        user_password = "x" } do
        local config, reason = take { [name] = value }
        assert.is_nil(reason)
        local given = {
          client_id = config.client_id,
          client_secret = config.secret and not config.secret_rotates
            and config.secret() or nil,
          client_secret_file = config.secret_rotates and "x" or nil,
          token = config.static_token and config.static_token(),
          user_name = config.user_name,
          user_password = config.user_password and config.user_password(),
        }
        assert.same({ [name] = value }, given)
        assert.equal(name:find "secret" ~= nil, config.has_secret)
      end
    end)

  it("leave as functions: a dump shows no secret", function()
    local config = take { client_id = "id", client_secret = "SECRET",
      user_name = "me", user_password = "SECRET", token = "SECRET" }
    for name, value in pairs(config) do
      assert.not_equal("SECRET", value, name)
    end
  end)

  it("hold no control character and are not empty", function()
    for _, name in ipairs { "client_id", "client_secret", "token",
      "client_secret_file", "user_name", "user_password" } do
      for _, value in ipairs { "", "a\nb", "a\r", "\0", "a\127" } do
        local _, reason = take { [name] = value }
        assert.equal(name, reason:match "^[%l_]+")
        assert.truthy(reason:find "is empty" or reason:find "the byte 0x%x%x"
          or reason:find "control character")
        assert.not_matches("a\nb", reason)
      end
    end
  end)

  it("with bytes that no secret has are refused before they are sent",
    function()
      for bytes, name in pairs {
        ["\239\187\191"] = "a byte order mark",
        ["\194\160"] = "a no-break space",
        ["\226\128\139"] = "a zero-width space",
        ["\195\164"] = "0xC3",
      } do
        local path = file("SEC" .. bytes .. "RET\n")
        local config = take { client_id = "id", client_secret_file = path }
        local secret, reason, _ = config.secret()
        assert.is_nil(secret)
        assert.matches(path, reason, 1, true)
        assert.matches(name .. " at position 4", reason, 1, true)
        assert.not_matches("RET", reason, 1, true)
        _, reason = take { client_id = "id", client_secret = "SEC" .. bytes }
        assert.matches("^client_secret has the byte", reason)
        assert.not_matches("SEC", reason, 1, true)
        set = { EQUINIX_CLIENT_ID = "id" .. bytes,
          EQUINIX_API_CLIENTSECRET = "secret" }
        _, reason = take {}
        assert.matches("^EQUINIX_CLIENT_ID has the byte", reason)
        set = {}
      end
      local _, reason = take { user_name = "J\195\182rg",
        user_password = "\226\130\172\t" }
      assert.is_nil(reason)
    end)

  it("hold a token that is one", function()
    for _, value in ipairs { "a b", "a\195\164" } do
      local _, reason = take { token = value }
      assert.matches("no bearer token", reason)
      assert.not_matches(value, reason, 1, true)
    end
    local _, reason = take { token = "!~+/=" }
    assert.is_nil(reason)
  end)

  it("name one place of the secret, not two", function()
    local _, reason = take { client_secret = "a", client_secret_file = "b" }
    assert.matches("both set", reason)
  end)

  it("read a secret's file anew each time, and not before", function()
    local path = file "first\n"
    local config = take { client_id = "id", client_secret_file = path }
    assert.is_true(config.secret_rotates)
    assert.equal("first", config.secret())
    file "second"
    assert.equal("second", config.secret())
    config = take { client_id = "id", client_secret_file = dir .. "/none" }
    local secret, reason = config.secret()
    assert.is_nil(secret)
    assert.matches("can't be read", reason)
  end)

  it("trim one final newline of the file, and nothing else", function()
    for text, secret in pairs { ["a\n"] = "a", ["a\r\n"] = "a", ["a"] = "a",
      [" a "] = " a ", ["a  \n"] = "a  " } do
      local config = take { client_secret_file = file(text) }
      assert.equal(secret, config.secret())
    end
    local config = take { client_secret_file = file(("k"):rep(16384)) }
    assert.equal(16384, #config.secret())
  end)

  it("refuse a file that holds no secret, without showing it", function()
    for _, text in ipairs { "", "\n", "SECRET\n\n", "SEC\nRET", "SECRET\0",
      ("SECRET"):rep(3000) } do
      local config = take { client_secret_file = file(text) }
      local secret, reason = config.secret()
      assert.is_nil(secret)
      assert.matches("^client_secret_file ", reason)
      assert.not_matches("SEC", reason)
    end
    local secret, reason = take({ client_secret_file = dir }).secret()
    assert.is_nil(secret)
    assert.matches("^client_secret_file ", reason)
  end)
end)

describe("credentials.missing", function()
  local function missing(config)
    config.grant = config.grant or "client_credentials"
    return credentials.missing(config)
  end

  it("says which half it is and where to set it", function()
    assert.matches("EQUINIX_API_CLIENTID and", missing {})
    assert.matches("the client id is missing.*EQUINIX_API_CLIENTID",
      missing { has_secret = true })
    assert.matches("secret is missing.*EQUINIX_API_CLIENTSECRET.*_FILE",
      missing { client_id = "a" })
    assert.is_nil(missing { client_id = "a", has_secret = true })
  end)

  it("takes no scope for a token exchange that is none", function()
    for _, grant in ipairs { false, "token_exchange" } do
      for scope, reason in pairs { [""] = "scope is empty",
        ["  "] = "scope is empty", ["a\nb"] = "no scope has",
        ["a\tb"] = "no scope has", ['a"b'] = "no scope has",
        ["a\\b"] = "no scope has", ["\195\164"] = "no scope has" } do
        assert.matches(reason, missing { grant = grant or nil, scope = scope,
          subject = print })
      end
    end
    assert.is_nil(missing { grant = "token_exchange", subject = print,
      scope = "roleassignments:1 ern:a/b#[c]" })
  end)

  it("asks a password of the password grant, and nothing of a token",
    function()
      local set = { grant = "password", client_id = "a", has_secret = true }
      assert.matches("user_name and user_password", missing(set))
      set.user_name = "me"
      assert.matches("user_name and user_password", missing(set))
      set.user_password = print
      assert.is_nil(missing(set))
      assert.is_nil(missing { grant = "static" })
    end)
end)
