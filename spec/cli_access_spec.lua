-- cli/access: the client that the commands work with.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"

describe("a command's client", function()
  it("trusts the CA it is given, and nobody without", function()
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
