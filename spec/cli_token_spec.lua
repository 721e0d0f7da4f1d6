-- cli/token: `equinix-auth token` and `equinix-auth refresh`.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.json"

describe("equinix-auth token", function()
  local e
  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function run(...)
    local code, out, said = command.run({ ... }, { env = command.env(e) })
    assert.equal(0, code, said)
    assert.equal("", said)
    return out
  end

  local function opens(authorization)
    return e:send("GET", "/fabric/v4/health", {
      headers = { { "Authorization", authorization } },
    }).status == 200
  end

  it("prints the token and nothing else", function()
    local token = run("token"):match "^(%w+)\n$"
    assert.is_true(opens("Bearer " .. token))
  end)

  it("prints it as a header, to be given to curl", function()
    local value = run("token", "--header"):match
      "^Authorization: (Bearer %w+)\n$"
    assert.is_true(opens(value))
  end)

  it("prints the whole of it as JSON", function()
    local token = json.decode(run("token", "--json"))
    assert.is_true(opens("Bearer " .. token.access_token))
    assert.equal("Bearer", token.token_type)
    assert.equal(3600, token.expires_in)
    assert.equal("demo@example.com", token.user_name)
    assert.is_number(token.expires_at)
  end)

  it("is printed by refresh, too, a new one", function()
    local first = run("token")
    assert.not_equal(first, run("refresh"))
    assert.matches("^Authorization: ", run("refresh", "--header"))
  end)
end)
