-- cli/output: what is printed, and what becomes of it.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

describe("standard output", function()
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

  it("that is full fails the command, whatever was still written", function()
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

  it("that was never open fails it, and gets into no other file", function()
    os.execute("rm -rf " .. process.quote(dir .. "/equinix"))
    local said, code = process.capture(env
      .. "bin/equinix-auth token 2>&1 >&-")
    assert.equal(1, code)
    assert.matches("could not be written: Bad file descriptor", said)
    local token = process.capture(env .. "bin/equinix-auth token")
    assert.matches("^%w+$", token)
    local kept = process.capture("cat " .. process.quote(dir) .. "/equinix/*")
    assert.is_nil(kept:find(token, 1, true))
    assert.is_nil(kept:find("mistake", 1, true))
  end)

  it("and the other two may all be closed", function()
    local _, code = process.capture(env
      .. "bin/equinix-auth token <&- >&- 2>&-")
    assert.equal(1, code)
    local kept = process.capture("cat " .. process.quote(dir) .. "/equinix/*")
    assert.is_nil(kept:find("equinix-auth:", 1, true))
  end)

  it("that nobody reads ends it at once and without a word", function()
    -- Whoever runs the specs may ignore SIGPIPE, and that is inherited.
    local default = "env --default-signal=PIPE "
    if process.capture(default .. "echo here 2>/dev/null") ~= "here" then
      return pending "env --default-signal (coreutils 8.31) is not here"
    end
    local said = process.capture("{ " .. default .. env .. LONG
      .. "; echo \"code $?\" >&2; } 2>" .. dir .. "/said | :; cat " .. dir
      .. "/said")
    assert.matches("code 141$", said)
    assert.is_nil(said:find("equinix-auth:", 1, true))
  end)

  it("that nobody reads is a failure where SIGPIPE is ignored", function()
    local said = process.capture("{ trap '' PIPE; " .. env .. LONG
      .. "; echo \"code $?\" >&2; } 2>" .. dir .. "/said | :; cat " .. dir
      .. "/said")
    assert.matches("could not be written: Broken pipe\ncode 1$", said)
  end)
end)

describe("progress", function()
  it("is silent where no terminal looks on", function()
    local lua = process.interpreter()
    local said, code = process.capture(("LUA_PATH=%s LUA_CPATH=%s %s -e %s "
      .. "2>&1"):format(process.quote(package.path),
      process.quote(package.cpath), lua, process.quote [[
        local p = require("equinix.cli.output").progress()
        p:tell "half"
        p:done()]]))
    assert.equal(0, code, said)
    assert.equal("", said)
  end)
end)
