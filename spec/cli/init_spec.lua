-- cli: the command as a whole: usage, messages and exit codes.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

local COMMANDS = { "token", "refresh", "request", "doctor", "serve", "mcp",
  "emulator", "completion" }

describe("equinix-auth", function()
  it("prints its version", function()
    local code, out, said = command.run { "--version" }
    assert.equal(0, code)
    assert.equal("equinix-auth " .. require("equinix")._VERSION,
      out:match "[^\n]+")
    assert.matches("\nlibcurl/", out)
    assert.equal("", said)
  end)

  it("prints its help, and every command's, with examples", function()
    local code, out = command.run { "--help" }
    assert.equal(0, code)
    for _, name in ipairs(COMMANDS) do
      assert.matches("\n   " .. name .. " ", out)
      local help_code, help = command.run { name, "--help" }
      assert.equal(0, help_code)
      assert.matches("Usage: equinix%-auth " .. name, help)
      assert.matches("\nExamples:\n.*equinix%-auth " .. name, help)
      for line in help:gmatch "[^\n]+" do
        assert.is_true(#line < 100, line)
      end
    end
  end)

  it("exits with 2 for unknown or wrong words, with nothing on stdout",
    function()
      for _, words in ipairs { {}, { "tokn" }, { "token", "--jsn" },
        { "token", "--json", "--header" }, { "request", "GET" },
        { "token", "--timeout", "soon" }, { "token", "--timeout", "-1" } } do
        local code, out, said = command.run(words)
        assert.equal(2, code, table.concat(words, " "))
        assert.equal("", out)
        assert.matches("^equinix%-auth: ", said)
      end
    end)

  it("has no option that takes a secret", function()
    for _, name in ipairs(COMMANDS) do
      local _, help = command.run { name, "--help" }
      assert.is_nil(help:lower():find "%-%-[%w%-]*secret")
      assert.is_nil(help:lower():find "%-%-[%w%-]*password")
    end
  end)

  it("runs from any folder, and through a symbolic link", function()
    local here = process.capture "pwd"
    local dir = process.tempdir()
    local said = process.capture(("cd %s && ln -s %s/bin/equinix-auth x && "
      .. "./x --version && cd / && %s/bin/equinix-auth --version"):format(
      dir, process.quote(here), process.quote(here)))
    process.remove(dir)
    local line = "equinix%-auth [%d.]+\nLua[^\n]*\nlibcurl[^\n]*\n[^\n]+"
    assert.matches("^" .. line .. "\n" .. line .. "$", said)
  end)

  it("says what to do where nothing is built", function()
    local dir = process.tempdir()
    local said, code = process.capture(("cp -r bin lua %s && "
      .. "%s/bin/equinix-auth token 2>&1"):format(dir, dir))
    process.remove(dir)
    assert.equal(1, code)
    assert.matches("run make in ", said)
  end)

  it("finds installed modules, and a Lua for them",
    function()
      local name = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
      local dir, here = process.tempdir(), process.capture "pwd"
      -- No wrapper and no checkout: the file is on a PATH, the modules are on
      -- Lua's paths. On that PATH this Lua is the only one, since plain Lua
      -- 5.1 would load what was built for LuaJIT as well.
      local said, code = process.capture(([[
        mkdir %s/bin && cp bin/equinix-auth %s/bin || exit 1
        ln -s "$(command -v $(tools/lua.sh %s command))" %s/bin/%s
        cd / && PATH=%s/bin
        LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;'
        LUA_CPATH='%s/build/%s/?.so;;'
        export LUA_PATH LUA_CPATH
        equinix-auth --version 2>&1
        unset LUA_PATH LUA_CPATH
        equinix-auth --version 2>&1]]):format(dir, dir, name, dir, name, dir,
        here, here, here, name))
      process.remove(dir)
      local version = jit and "LuaJIT" or _VERSION
      assert.matches("^equinix%-auth [%d.]+\n" .. version, said)
      assert.matches("\nequinix%-auth: no Lua on this machine finds the "
        .. "module equinix: install", said)
      assert.equal(1, code)
    end)

  it("reports a bug as an internal error, and exits with 1", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      package.loaded["equinix.cli.client"] = {
        options = function() end,
        with_client = function() return nil + 1 end,
      }
      os.exit(require("equinix.cli").main { "token" })]]
    file:close()
    local said, code = process.capture(("LUA_PATH=%s LUA_CPATH=%s %s %s 2>&1")
      :format(process.quote(package.path), process.quote(package.cpath),
      process.interpreter(), path))
    os.remove(path)
    assert.equal(1, code)
    assert.matches("^equinix%-auth: internal error, please report it: ", said)
  end)
end)

describe("equinix-auth's exit code", function()
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

  local function run(words, changes)
    local code, out, said = command.run(words, {
      env = command.env(e, changes),
    })
    assert.equal("", out)
    assert.is_nil(said:find(e.client_secret, 1, true))
    assert.is_nil(said:find("traceback", 1, true))
    return code, said
  end

  it("is 2 for every command without credentials, and nothing is sent",
    function()
      for reason, changes in pairs {
        ["EQUINIX_API_CLIENTID"] = { EQUINIX_API_CLIENTID = false,
          EQUINIX_API_CLIENTSECRET = false },
        ["EQUINIX_API_CLIENTSECRET"] = { EQUINIX_API_CLIENTSECRET = false },
        ["client_secret_file can't be read"] = {
          EQUINIX_API_CLIENTSECRET = false,
          EQUINIX_API_CLIENTSECRET_FILE = "/nowhere/secret" },
      } do
        for _, words in ipairs { { "token" }, { "refresh" }, { "doctor" },
          { "request", "GET", "/" }, { "serve", "--rest-port", "0",
            "--mcp-port", "0" },
          { "request", "GET", "/fabric/v4/ports", "--all-pages" } } do
          local code, out, said = command.run(words, {
            env = command.env(e, changes),
          })
          assert.equal(2, code, words[1] .. said)
          assert.is_truthy((out .. said):find(reason, 1, true), words[1])
        end
      end
      local requests = e:log().requests
      for _, request in ipairs(requests) do
        assert.matches("/_emulator/", request.route)
      end
    end)

  it("is 3 for bad credentials, after one attempt", function()
    local code, said = run({ "token" }, { EQUINIX_API_CLIENTSECRET = "no" })
    assert.equal(3, code)
    assert.matches("S1006", said)
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("is 4 where no server listens", function()
    local code, said = run({ "token" }, {
      EQUINIX_API_ENDPOINT = "http://127.0.0.1:1",
    })
    assert.equal(4, code)
    assert.matches("^equinix%-auth: POST /oauth2/v1/token: ", said)
  end)

  it("is 1 for a status that is no success, with its details", function()
    local code, said = run { "request", "POST",
      "/colocations/v2/orders/shipments", "-d", "{}" }
    assert.equal(1, code)
    assert.matches("IC%-USR%-014%-01", said)
    assert.matches("details%.carrier", said)
  end)
end)
