-- cli: how the command starts: one process, and nothing loaded in vain.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local lists = dofile "tools/start_modules.lua"
local FOR_TOKEN = lists.token
local FOR_SERVE = FOR_TOKEN .. lists.request .. " " .. lists.serve
local FOR_REQUEST = FOR_TOKEN:gsub("cli%.token", "") .. lists.request

-- Prints what is loaded when the command ends, or becomes another one.
local LIST = [[
local exit, core = os.exit, require "equinix.core"
core.exec = function()
  os.exit(1)
end
os.exit = function(...)
  for name in pairs(package.loaded) do
    if name:find "^equinix" or name == "cjson" or name == "argparse" then
      io.stderr:write(name, "\n")
    end
  end
  exit(...)
end
os.exit(require("equinix.cli").main(arg))]]

local function sorted(text)
  local names = {}
  for name in text:gmatch "%S+" do
    names[#names + 1] = (name:gsub("^equinix%.", ""))
  end
  table.sort(names)
  return table.concat(names, "\n")
end

describe("the command", function()
  local e, dir, env
  setup(function()
    e = emulator.start { plain = true }
    dir = process.tempdir()
    env = command.env(e, { XDG_RUNTIME_DIR = dir })
    assert.equal(0, (command.run({ "token" }, { env = env })))
  end)
  teardown(function()
    e:stop()
    process.remove(dir)
  end)

  -- Runs a shell command with the variables of the spec, and those of Lua.
  local function run(text, path, cpath)
    local words = { "env -u LUA_PATH -u LUA_CPATH" }
    for name, value in pairs(env) do
      words[#words + 1] = value and process.quote(name .. "=" .. value)
        or nil
    end
    words[#words + 1] = path and ("LUA_PATH='%s' LUA_CPATH='%s'"):format(path,
      cpath)
    return process.capture(table.concat(words, " ") .. " " .. text)
  end

  -- The modules that are loaded by these words.
  local function list(words)
    local script = dir .. "/list.lua"
    local file = assert(io.open(script, "w"))
    file:write(LIST)
    file:close()
    return sorted((run(("%s %s %s 2>&1 >/dev/null"):format(
      process.interpreter(), script, words), package.path, package.cpath)))
  end

  it("loads for a stored token no more than it needs", function()
    assert.equal(sorted(FOR_TOKEN), list "token")
    assert.equal(sorted(FOR_REQUEST), list "request GET /fabric/v4/ports")
  end)

  it("loads for the start of a service no more than it needs", function()
    if nginx.missing() then
      return pending(nginx.missing())
    end
    local known = sorted(FOR_SERVE) .. "\n"
    for _, words in ipairs { "", " --capability "
      .. "examples/capabilities/authentication.yaml" } do
      local loaded = list("serve --no-store --rest-port 0 --mcp-port 0"
        .. words)
      assert.matches("\nsupervisor.script$", loaded)
      for name in loaded:gmatch "%S+" do
        assert.is_truthy(known:find(name .. "\n", 1, true), name)
      end
    end
  end)

  it("is one process: the shell becomes Lua, and nothing else runs", function()
    if select(2, process.capture "strace -f -o /dev/null true") ~= 0 then
      return pending "strace can't trace here"
    elseif select(2, process.capture('it=$(command -v lua5.4) && '
      .. '[ ! -L "$it" ] && [ -e build/lua5.4/equinix/core.so ]')) ~= 0 then
      return pending "no program has the name lua5.4"
    end
    for _, words in ipairs { "token", "request GET /fabric/v4/ports" } do
      local log = dir .. "/trace"
      local _, code = run(("strace -f -o %s -e trace=execve,fork,vfork,clone,"
        .. "clone3 bin/equinix-auth %s"):format(log, words))
      assert.equal(0, code)
      local file = assert(io.open(log))
      local text = file:read "*a"
      file:close()
      assert.equal(2, select(2, text:gsub("execve%([^\n]*= 0\n", "")), text)
      assert.is_nil(text:find "fork%(" or text:find "clone3?%(", text)
    end
  end)
end)
