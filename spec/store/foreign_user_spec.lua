-- The command for root in another user's environment, as `sudo -E` gives it:
-- it leaves nothing there, and the user's own calls go on as before. Needs
-- root, to be two users.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

local USER = 54321 -- a user id that no account has
local TOKEN = "POST /oauth2/v1/token"

describe("equinix-auth in the environment of another user", function()
  if process.capture "id -u" ~= "0" then
    pending "needs root"
    return
  end

  local e, home

  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    home = process.tempdir()
    process.capture(("chown %d %s"):format(USER, home))
  end)
  after_each(function()
    process.remove(home)
  end)
  teardown(function()
    e:stop()
  end)

  -- The environment of that user, with these changes.
  local function environment(changes)
    local env = command.env(e, { XDG_RUNTIME_DIR = false, HOME = home })
    for name, value in pairs(changes or {}) do
      env[name] = value
    end
    return env
  end

  local function as_user()
    local words = { "env" }
    for name, value in pairs(environment()) do
      table.insert(words, value and #words + 1 or 2,
        value and process.quote(name .. "=" .. value) or "-u " .. name)
    end
    words[#words + 1] = ("setpriv --reuid %d --regid %d --clear-groups")
      :format(USER, USER)
    words[#words + 1] = "bin/equinix-auth token 2>&1"
    local output, code = process.capture(table.concat(words, " "))
    assert.equal(0, code, output)
    return output
  end

  local function files()
    return (process.capture(("find %s -mindepth 1 ! -uid %d"):format(home,
      USER)))
  end

  for where, changes in pairs {
    HOME = {},
    XDG_CACHE_HOME = { XDG_CACHE_HOME = "cache" },
    XDG_RUNTIME_DIR = { XDG_RUNTIME_DIR = "run" },
  } do
    it("makes nothing below " .. where .. ", says why, and goes on",
      function()
        for name, folder in pairs(changes) do
          changes[name] = home .. "/" .. folder
        end
        local code, out, said = command.run({ "token" },
          { env = environment(changes) })
        assert.equal(0, code, said)
        assert.is_true(#out > 10)
        assert.equal("", files())
        local _, reports = said:gsub("another user", "")
        assert.equal(1, reports, said)
      end)
  end

  it("costs the user no token request", function()
    command.run({ "token" }, { env = environment() })
    assert.equal(1, e:count(TOKEN))
    local first = as_user()
    assert.equal(first, as_user())
    assert.equal(2, e:count(TOKEN))
    assert.equal("", files())
  end)
end)
