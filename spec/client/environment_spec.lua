-- environment: which variable stands for which option, first match wins.
local environment = require "equinix.client.environment"
local process = require "spec.support.process"

local NAMES = {
  client_id = { "EQUINIX_API_CLIENTID", "EQUINIX_API_CLIENT_ID",
    "EQUINIX_CLIENT_ID" },
  client_secret = { "EQUINIX_API_CLIENTSECRET", "EQUINIX_API_CLIENT_SECRET",
    "EQUINIX_CLIENT_SECRET" },
  client_secret_file = { "EQUINIX_API_CLIENTSECRET_FILE" },
  token = { "EQUINIX_API_TOKEN" },
  base_url = { "EQUINIX_API_ENDPOINT" },
  timeout = { "EQUINIX_API_TIMEOUT" },
}

describe("env.get", function()
  local getenv, set = os.getenv, nil
  before_each(function()
    set = {}
    os.getenv = function(name) -- luacheck: ignore 122
      return set[name]
    end
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
  end)

  for option, names in pairs(NAMES) do
    it("finds " .. option .. " and says where, in order", function()
      assert.is_nil((environment.get(option)))
      for i = #names, 1, -1 do
        set[names[i]] = "value " .. i
        assert.same({ "value " .. i, names[i] }, { environment.get(option) })
      end
    end)
  end

  it("takes an empty variable for one that is not set", function()
    set.EQUINIX_API_CLIENTID, set.EQUINIX_CLIENT_ID = "", "id"
    assert.same({ "id", "EQUINIX_CLIENT_ID" }, { environment.get "client_id" })
    set.EQUINIX_CLIENT_ID = ""
    assert.is_nil((environment.get "client_id"))
  end)

  it("reads the environment of the process", function()
    os.getenv = getenv -- luacheck: ignore 122
    local interpreter = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
    local output, code = process.capture("EQUINIX_API_TOKEN=abc LUA_PATH="
      .. process.quote(package.path) .. " " .. interpreter
      .. [[ -e 'print(require("equinix.client.environment").get("token"))']])
    assert.equal("abc\tEQUINIX_API_TOKEN", output)
    assert.equal(0, code)
  end)
end)

describe("env.credentials", function()
  it("has the variables of credentials, and no setting", function()
    local names = environment.credentials()
    for _, option in ipairs { "client_id", "client_secret",
      "client_secret_file", "token" } do
      for _, name in ipairs(NAMES[option]) do
        assert.is_true(names[name], name)
      end
    end
    assert.is_true(names.EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN)
    assert.is_nil(names.EQUINIX_API_ENDPOINT)
    assert.is_nil(names.EQUINIX_API_TIMEOUT)
  end)
end)
