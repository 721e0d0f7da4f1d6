-- neovim: a real one uses the plugin of examples/neovim, against the emulator
-- over TLS.
local async = require "equinix.transport.async"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local read_file = require("equinix.base.file").read

-- Neovim's Lua is LuaJIT, whichever Lua runs this.
local CORE = (os.getenv "BUILD" or "build") .. "/luajit/?.so"

local function missing()
  local version, absent = process.capture "nvim --version 2>&1"
  if absent ~= 0 then
    return "needs nvim"
  elseif not version:find "LuaJIT" then
    return "this nvim has no LuaJIT"
  elseif not read_file((CORE:gsub("%?", "equinix/core"))) then
    return "the core is not built for LuaJIT"
  end
end

local why = not async.able() and "one Lua is enough" or missing()
if why then
  pending("Neovim: " .. why)
  return
end

describe("Neovim", function()
  local e, dir

  setup(function()
    e = emulator.start()
  end)
  before_each(function()
    e:reset()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)
  teardown(function()
    e:stop()
  end)

  -- Starts it with the plugin and that environment.
  local function nvim(commands, env)
    local all = {
      HOME = dir, XDG_RUNTIME_DIR = dir, RESULT = dir .. "/result",
      EQUINIX_API_ENDPOINT = e.base_url, EQUINIX_CA_FILE = e.ca_file,
      EQUINIX_API_CLIENTID = e.client_id,
      EQUINIX_API_CLIENTSECRET = e.client_secret,
      LUA_PATH = "lua/?.lua;lua/?/init.lua;;", LUA_CPATH = CORE .. ";;",
    }
    for name, value in pairs(env or {}) do
      all[name] = value
    end
    local argv = { "nvim", "--headless", "--clean", "--cmd",
      "set rtp^=examples/neovim" }
    for _, command in ipairs(commands) do
      argv[#argv + 1] = "-c"
      argv[#argv + 1] = command
    end
    local program = process.start(argv, { env = all })
    finally(function()
      program:stop()
    end)
    return program
  end

  it("lists ports while its user types, and its timers go on", function()
    e:config { latency = 1, ports = 3 }
    local program = nvim { "luafile spec/support/scripts/neovim_typing.lua" }
    assert.equal(0, program:wait(30), program:stderr())
    local seen = assert(json.decode(read_file(dir .. "/result")))
    assert.is_true(seen.typed_first)
    assert.is_true(seen.ticks >= 20, seen.ticks .. " ticks in two seconds")
    assert.equal(3, #seen.list)
    assert.matches("^%S+ +%x+%-", seen.list[1])
    assert.matches("EquinixPorts: 3 ports", program:stderr())
    assert.not_matches("E5560", program:stderr())
  end)

  it("reports an error by vim.notify", function()
    local program = nvim({ "luafile spec/support/scripts/neovim_typing.lua" },
      { EQUINIX_API_CLIENTSECRET = "not the secret" })
    assert.equal(0, program:wait(30), program:stderr())
    local seen = assert(json.decode(read_file(dir .. "/result")))
    assert.same({ "no answer" }, seen.list)
    assert.matches("EquinixPorts: .*credentials", program:stderr())
  end)

  it("reports what a task raises, and a task may begin in a callback of its "
    .. "loop", function()
    local program = nvim { [[lua
      local eqluv = require "equinix.luv"
      local timer = vim.loop.new_timer()
      timer:start(1, 0, function()
        eqluv.run(function()
          vim.api.nvim_buf_set_lines(0, 0, -1, false, { "no E5560" })
          vim.schedule(function() vim.cmd "qa!" end)
          error("raised on purpose", 0)
        end)
      end)]] }
    assert.equal(0, program:wait(30), program:stderr())
    assert.matches("equinix: raised on purpose", program:stderr())
    assert.not_matches("E5560", program:stderr())
  end)

  it("quits while a call is in flight", function()
    local silent = rawserver.start [[
      local c = ...
      c:request()
      c:hangup()
    ]]
    finally(function()
      silent:stop()
    end)
    local program = nvim({ "EquinixPorts" }, {
      EQUINIX_API_ENDPOINT = silent.url })
    assert(process.eventually(function()
      return silent:connections() == 1
    end))
    assert.is_true(program:alive())
    program:signal "TERM" -- Neovim leaves as by :qa!
    assert(program:wait(60), "it did not leave")
    program = nvim({ "EquinixPorts", "lua vim.defer_fn(function() "
      .. "vim.cmd 'qa!' end, 300)" }, { EQUINIX_API_ENDPOINT = silent.url })
    assert.equal(0, program:wait(60), program:stderr())
    assert.equal(2, silent:connections())
  end)
end)
