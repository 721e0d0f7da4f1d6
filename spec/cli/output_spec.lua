-- cli/output: standard output that can't be written, and progress.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

describe("standard output that", function()
  local e, dir, env
  setup(function()
    e = emulator.start { plain = true, config = { ports = 200,
      max_limit = 200 } }
    dir = process.tempdir()
    env = ("EQUINIX_API_ENDPOINT=%s EQUINIX_API_CLIENTID=%s "
      .. "EQUINIX_API_CLIENTSECRET=%s XDG_RUNTIME_DIR=%s "):format(e.base_url,
      e.client_id, e.client_secret, dir)
  end)
  teardown(function()
    e:stop()
    process.remove(dir)
  end)

  local LONG = "bin/equinix-auth request GET '/fabric/v4/ports?limit=200'"

  it("is full fails the command", function()
    for _, line in ipairs { "bin/equinix-auth token", LONG,
      "bin/equinix-auth completion bash", "bin/equinix-auth doctor",
      "bin/equinix-auth --version", "bin/equinix-auth --help",
      "bin/equinix-auth request -h", "bin/equinix-auth serve --help",
      "bin/equinix-auth completion zsh --help" } do
      local said, code = process.capture(env .. line .. " 2>&1 >/dev/full")
      assert.equal(1, code, line)
      assert.matches("could not be written: No space", said)
    end
  end)

  it("was never open fails it, and no other file gets the data", function()
    os.execute("rm -rf " .. process.quote(dir .. "/equinix"))
    local said, code = process.capture(env
      .. "bin/equinix-auth token 2>&1 >&-")
    assert.equal(1, code)
    assert.matches("could not be written: Bad file descriptor", said)
    local token = process.capture(env .. "bin/equinix-auth token")
    assert.matches("^%w+$", token)
    local kept = process.capture("cat " .. process.quote(dir) .. "/equinix/*")
    assert.is_nil(kept:find(token, 1, true))
    assert.is_nil(kept:find("internal error", 1, true))
  end)

  it("is closed like stdin and stderr fails it too", function()
    local _, code = process.capture(env
      .. "bin/equinix-auth token <&- >&- 2>&-")
    assert.equal(1, code)
    local kept = process.capture("cat " .. process.quote(dir) .. "/equinix/*")
    assert.is_nil(kept:find("equinix-auth:", 1, true))
  end)

  it("is a pipe without a reader ends it at once and silently", function()
    -- The program that runs the specs may ignore SIGPIPE; children inherit
    -- that.
    local default = "env --default-signal=PIPE "
    if process.capture(default .. "echo here 2>/dev/null") ~= "here" then
      return pending "env --default-signal (coreutils 8.31) is not installed"
    end
    local said = process.capture("{ " .. default .. env .. LONG
      .. "; echo \"code $?\" >&2; } 2>" .. dir .. "/said | :; cat " .. dir
      .. "/said")
    assert.matches("code 141$", said)
    assert.is_nil(said:find("equinix-auth:", 1, true))
  end)

  it("is a pipe without a reader fails it where SIGPIPE is ignored", function()
    local said = process.capture("{ trap '' PIPE; " .. env .. LONG
      .. "; echo \"code $?\" >&2; } 2>" .. dir .. "/said | :; cat " .. dir
      .. "/said")
    assert.matches("could not be written: Broken pipe\ncode 1$", said)
  end)
end)

describe("progress", function()
  it("prints nothing where stderr is no terminal", function()
    local lua = process.interpreter()
    local said, code = process.capture(("LUA_PATH=%s LUA_CPATH=%s %s -e %s "
      .. "2>&1"):format(process.quote(package.path),
      process.quote(package.cpath), lua, process.quote [[
        local p = require("equinix.cli.output").progress()
        p:show "half"
        p:clear()]]))
    assert.equal(0, code, said)
    assert.equal("", said)
  end)
end)
