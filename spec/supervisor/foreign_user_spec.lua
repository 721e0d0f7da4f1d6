-- The emulator, started by root in another user's environment: what it makes
-- by itself is not below that user's folders. Needs root, to be two users.
local command = require "spec.support.command"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

local USER = 54321 -- a user id that no account has

describe("the supervisor in the environment of another user", function()
  if process.capture "id -u" ~= "0" then
    pending "needs root"
    return
  end

  local home, own
  before_each(function()
    home, own = process.tempdir(), process.tempdir()
    process.capture(("chown %d %s"):format(USER, home))
  end)
  after_each(function()
    process.remove(home)
    process.remove(own)
  end)

  local function start(ready_file)
    local program = process.start({ "bin/equinix-auth", "emulator", "--plain",
      "--port", "0", "--ready-file", ready_file },
      { env = { HOME = home, TMPDIR = home } })
    finally(function()
      program:stop()
    end)
    return program
  end

  it("has its private directory elsewhere", function()
    local program = start(own .. "/ready.json")
    local ready = process.eventually(function()
      local text = read_file(own .. "/ready.json")
      return text and json.decode(text) or not program:alive() and {}
    end, 30)
    assert.is_string(ready.dir, program:stderr())
    assert.equal("/tmp/", ready.dir:sub(1, 5))
    assert.equal("", (process.capture("ls -A " .. home)))
  end)

  it("writes no ready file there", function()
    local code, _, said = command.run({ "emulator", "--plain", "--port", "0",
      "--ready-file", home .. "/ready.json" }, { env = { HOME = home } })
    assert.equal(1, code)
    assert.matches("would be made below a folder of another user", said, 1,
      true)
    assert.equal("", (process.capture("ls -A " .. home)))
  end)
end)
