-- cli/emulator: the options of `equinix-auth emulator`.
local command = require "spec.support.command"
local knobs = require "equinix.emulator.knobs"

describe("equinix-auth emulator's options", function()
  it("explain every knob in the help", function()
    local _, help = command.run { "emulator", "--help" }
    for _, knob in ipairs(knobs.list) do
      assert.is_truthy(help:find(knob.help, 1, true), knob.name)
    end
  end)

  it("are checked before anything is started", function()
    for _, words in ipairs {
      { "--port", "x" }, { "--port", "65536" }, { "--port", "-1" },
      { "--workers", "0" }, { "--set", "lifetime" },
      { "--set", "latancy=1" }, { "--set", "lifetime=soon" },
    } do
      table.insert(words, 1, "emulator")
      local code, out, said = command.run(words)
      assert.equal(2, code, table.concat(words, " "))
      assert.equal("", out)
      assert.matches("^equinix%-auth: ", said)
    end
    local _, _, said = command.run { "emulator", "--set", "latancy=1" }
    assert.matches("did you mean 'latency'", said)
  end)

  it("are refused with 2 where there is no such nginx", function()
    local code, out, said = command.run { "emulator", "--nginx", "/nowhere" }
    assert.equal(2, code)
    assert.equal("", out)
    assert.matches("^equinix%-auth: %-%-nginx: there is no nginx at "
      .. "/nowhere\n", said)
  end)
end)
