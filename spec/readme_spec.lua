-- What the README shows is what the module does: each Lua block of it runs as
-- a program of its own, against the emulator, with the environment that the
-- README tells to set.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
require "spec.support.redis" -- its client is on the path from here on

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function blocks(text, language)
  local found = {}
  for code in text:gmatch("\n```" .. language .. "\n(.-)\n```") do
    found[#found + 1] = code
  end
  return found
end

local function run(code, e)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local stores, words = process.tempdir(), { "env" }
  for name, value in pairs {
    EQUINIX_API_ENDPOINT = e.base_url,
    EQUINIX_API_CLIENTID = e.client_id,
    EQUINIX_API_CLIENTSECRET = e.client_secret,
    XDG_RUNTIME_DIR = stores,
    LUA_PATH = package.path,
    LUA_CPATH = package.cpath,
  } do
    words[#words + 1] = process.quote(name .. "=" .. value)
  end
  words[#words + 1] = lua .. " " .. process.quote(path) .. " 2>&1"
  local output, code_of_exit = process.capture(table.concat(words, " "))
  os.remove(path)
  process.remove(stores)
  return output, code_of_exit
end

describe("the README", function()
  local text = "\n" .. read "README.md"
  local e

  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  for i, code in ipairs(blocks(text, "lua")) do
    it(("has a block %d that runs: %s"):format(i, code:match "client[:%.]%w+"
      or code:match "[^\n]+"), function()
      local output, exit = run(code, e)
      assert.equal(0, exit, output)
    end)
  end

  it("names every option, and no other", function()
    local options = require "equinix.options"
    local table_of_new = text:match "### equinix%.new(.-)\n### "
    for name in pairs(options.names()) do
      assert.truthy(table_of_new:find("`" .. name .. "`", 1, true), name)
    end
  end)

  it("names every event that the code emits, and no other", function()
    local emitted, listed = {}, {}
    for path in process.capture("ls lua/equinix/*.lua"):gmatch "%S+" do
      for event in read(path):gmatch 'emit%("([%w_]+)"' do
        emitted[event] = true
      end
    end
    local section = text:match "## Events(.-)\n## "
    for event in section:gmatch "\n| `([%w_]+)`" do
      listed[event] = true
    end
    assert.same(emitted, listed)
  end)

  it("names every kind of error, and no other", function()
    local source = read "lua/equinix/error.lua"
    local listed, kinds = {}, {}
    for kind in source:gmatch '%-%-%-| "(%w+)"' do
      kinds[kind] = true
    end
    for kind in text:match("## Errors(.-)\n## "):gmatch "\n| `(%w+)`" do
      listed[kind] = true
    end
    kinds.store = nil -- comes with the second level of the cache
    assert.same(kinds, listed)
  end)
end)
