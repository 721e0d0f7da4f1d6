-- What the README shows is what the module does: each Lua block of it runs as
-- a program of its own, against the emulator, with the environment that the
-- README tells to set. Every other block has a spec that runs it, too.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- A piece of each block in another language, and the spec that runs it.
local PASTED = {
  ["export LUA_PATH"] = "shell",
  ["init_by_lua_block"] = "nginx",
  ["authorize(api)"] = "nginx",
  ["equinix-auth serve          #"] = "service",
  ["curl -fsS -X POST http://127.0.0.1:8080/oauth2/v1/token"] =
    "service",
  ["curl -fsS -X POST http://127.0.0.1:8080/oauth2/v1/refresh"] =
    "service",
  ['"$MY_SECRET"'] = "service",
  ["curl -fsS http://127.0.0.1:8080/readyz"] = "service",
  ["equinix-auth serve --listen"] = "service",
  ['"command": "equinix-auth"'] = "agents",
  ["claude mcp add equinix --"] = "agents",
  ['"type": "http"'] = "agents",
  ["claude mcp add --transport http"] = "agents",
  ["npx @modelcontextprotocol"] = "agents",
  ["bin/equinix-auth emulator"] = "shell",
  ["at=$EQUINIX_API_ENDPOINT"] = "shell",
  ["describe("] = "emulator",
  ["equinix-auth doctor  "] = "shell",
  ["source <(equinix-auth"] = "shell",
}

-- Blocks that no desk can be left to, and why.
local NOT_RUN = {
  ["make demo"] = "it may install packages; examples_spec runs the demo",
  ["make test"] = "it runs this",
  ["make deps"] = "it installs; make's steps rock/ do it in a tree to throw "
    .. "away",
}

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
  local text = "\n" .. readme.text()
  local e

  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  local count = 0
  for _, block in ipairs(readme.blocks()) do
    local code = block.text
    if block.language == "lua" then
      count = count + 1
      it(("has a block %d that runs: %s"):format(count,
        code:match "client[:%.]%w+" or code:match "[^\n]+"), function()
        local output, exit = run(code, e)
        assert.equal(0, exit, output)
      end)
    end
  end

  it("has no other block that no spec runs", function()
    for _, block in ipairs(readme.blocks()) do
      local claims = block.language == "lua" and 1 or 0
      for _, list in ipairs { PASTED, NOT_RUN } do
        for piece in pairs(list) do
          claims = claims + (block.text:find(piece, 1, true) and 1 or 0)
        end
      end
      assert.equal(1, claims, "add it to a spec and here:\n" .. block.text)
    end
    for piece, spec in pairs(PASTED) do
      assert.is_string(readme.block(piece))
      assert.matches("README", read("spec/docs/" .. spec .. "_spec.lua"))
    end
    for piece in pairs(NOT_RUN) do
      assert.is_string(readme.block(piece))
    end
  end)

  it("names every option, and no other", function()
    local options = require "equinix.client.options"
    local table_of_new = text:match "### equinix%.new(.-)\n### "
    for name in pairs(options.names()) do
      assert.truthy(table_of_new:find("`" .. name .. "`", 1, true), name)
    end
  end)

  it("names every event that the code emits, and no other", function()
    local emitted, listed = {}, {}
    for path in process.capture("find lua -name '*.lua'"):gmatch "%S+" do
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
    local source = read "lua/equinix/base/error.lua"
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
