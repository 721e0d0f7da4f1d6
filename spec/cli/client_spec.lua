-- cli/client: the client that the commands use.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"

describe("a command's client", function()
  it("trusts the CA that --ca-file names, and not without it", function()
    local e = emulator.start()
    finally(function()
      e:stop()
    end)
    local env = command.env(e)
    local code, out = command.run({ "token", "--ca-file", e.ca_file },
      { env = env })
    assert.equal(0, code)
    assert.matches("^%w+\n$", out)
    code, out = command.run({ "token" }, { env = env })
    assert.equal(4, code)
    assert.equal("", out)
  end)

  it("accepts a proxy, but not one with a password", function()
    local env = {
      EQUINIX_API_ENDPOINT = "https://api.example",
      EQUINIX_API_TOKEN = "t",
    }
    local code, _, said = command.run({ "request", "GET", "/", "--proxy",
      "http://127.0.0.1:1", "--timeout", "5" }, { env = env })
    assert.equal(4, code)
    assert.matches("127.0.0.1 port 1", said)
    code, _, said = command.run({ "request", "GET", "/", "--proxy",
      "http://me:pass-word@127.0.0.1:1" }, { env = env })
    assert.equal(2, code)
    assert.matches("a proxy with a user name", said)
    assert.is_nil(said:find("pass-word", 1, true))
  end)

  it("gives up after --timeout", function()
    local e = emulator.start { plain = true, config = { latency = 20 } }
    finally(function()
      e:stop()
    end)
    local code, _, said = command.run({ "token", "--timeout", "0.2" },
      { env = command.env(e) })
    assert.equal(4, code, said)
  end)
end)
