-- cli/forget: what is no success. (That the token is gone: cli/profiles_spec.)
local command = require "spec.support.command"
local process = require "spec.support.process"

local PAIR = { EQUINIX_API_CLIENTID = "id",
  EQUINIX_API_CLIENTSECRET = "a-secret-of-16-bytes" }

local function run(changes, words)
  local env = {}
  for name, value in pairs(PAIR) do
    env[name] = value
  end
  for name, value in pairs(changes) do
    env[name] = value
  end
  return command.run(words or { "forget" }, { env = env })
end

describe("equinix-auth forget", function()
  it("is done where nothing is stored, or could be", function()
    for _, changes in ipairs { {}, { EQUINIX_API_CLIENTSECRET = "short" } } do
      local code, out, said = run(changes)
      assert.equal(0, code, said)
      assert.equal("", out .. said)
    end
    local code, _, said = run { EQUINIX_API_CLIENTID = false,
      EQUINIX_API_CLIENTSECRET = false, EQUINIX_API_TOKEN = "t" }
    assert.equal(0, code)
    assert.matches("one of your own", said)
  end)

  it("fails where the store can't be used", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    os.execute(("mkdir %s/equinix && chmod 755 %s/equinix"):format(dir, dir))
    local code, _, said = run { XDG_RUNTIME_DIR = dir }
    assert.equal(1, code)
    assert.matches("may still have the token", said)
  end)

  it("fails without credentials", function()
    local code, _, said = run { EQUINIX_API_CLIENTSECRET = false }
    assert.equal(2, code)
    assert.matches("client secret is missing", said)
  end)
end)
