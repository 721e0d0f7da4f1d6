-- What the documents show is what the module does: each Lua block of README.md
-- and of the chapters in docs/ runs as a program of its own, against the
-- emulator, with the environment that the README says to set. Every other
-- block has a spec that runs it, too.
local async = require "equinix.transport.async"
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
  ["docs/capabilities.md"] = {
    ["naftiko:"] = "capabilities",
    ["equinix-auth capability check"] = "capabilities",
  },
  ["README.md"] = {
    ["export LUA_PATH"] = "shell",
    ["authorize(api)"] = "nginx",
    ["equinix-auth serve --workers"] = "service",
    ["curl -X POST"] = "service",
    ['{ "mcpServers"'] = "agents",
  },
  ["docs/command.md"] = {
    ["equinix-auth doctor  "] = "shell",
    ["equinix-auth capability show"] = "shell",
    ["--fields name,location.metroCode"] = "shell",
    ["source <(equinix-auth"] = "shell",
  },
  ["docs/emulator.md"] = {
    ["# http; without it https"] = "shell",
    ["--ready-file ready >exports"] = "shell",
    ["at=$EQUINIX_API_ENDPOINT"] = "shell",
    ["describe("] = "emulator",
  },
  ["docs/haproxy.md"] = {
    ["http-request lua.equinix"] = "haproxy",
    ["map(@map)"] = "haproxy",
  },
  ["docs/mcp.md"] = {
    ['"command": "equinix-auth"'] = "agents",
    ["claude mcp add equinix --"] = "agents",
    ['"type": "http"'] = "agents",
    ["claude mcp add --transport http"] = "agents",
    ["npx @modelcontextprotocol"] = "agents",
  },
  ["docs/nginx.md"] = {
    ["init_by_lua_block"] = "nginx",
    ["authorize(api)"] = "nginx",
    ["metrics(api)"] = "nginx",
  },
  ["docs/stores.md"] = {
    ["busted my_store_spec.lua"] = "stores",
  },
  ["docs/service.md"] = {
    ["equinix-auth serve          #"] = "service",
    ["curl -fsS -X POST http://127.0.0.1:8080/oauth2/v1/token"] = "service",
    ["curl -fsS -X POST http://127.0.0.1:8080/oauth2/v1/refresh"] = "service",
    ['"$MY_SECRET"'] = "service",
    ["curl -fsS http://127.0.0.1:8080/readyz"] = "service",
    ["equinix-auth serve --listen"] = "service",
    ["readinessProbe:"] = "service",
    ["scrape_configs:"] = "service",
    ["Accept: text/html"] = "service",
  },
}

-- Blocks that no desk can be left to, and why.
local NOT_RUN = {
  ["README.md"] = {
    ["make demo"] = "it may install packages, and runs this; examples_spec "
      .. "runs the demo",
    ["make deps"] = "it installs; make's steps rock/ do it in a tree to throw "
      .. "away",
  },
  ["docs/architecture.md"] = {
    ["flowchart TD"] = "a picture; structure_spec reads its names",
    ["stateDiagram-v2"] = "a picture; structure_spec reads its names",
  },
  ["docs/install.md"] = {
    ["luarocks --lua-version=5.4 make"] = "make's steps rock/ do it",
    [".src.rock"] = "make release-check does it",
    ["make deb"] = "make deb-check does it, in Debians of its own",
    ["apt-get install nginx"] = "make deb-check does it",
    ["docker build"] = "make deb-check runs the steps without an engine",
    ["workspace.library"] = "for an editor; tools/rock.sh and make deb-check "
      .. "see that the files are there",
  },
  ["docs/nginx.md"] = {
    ["OPENRESTY_PREFIX"] = "it installs; openresty_spec runs what it calls",
  },
  ["docs/performance.md"] = {
    ["make bench"] = "it takes many minutes; links_spec knows the target",
  },
}

local LOOPS = { luv = true, cqueues = true, copas = true }

-- What an example for a loop needs, and this Lua has not; nil: it can run.
local function lacks(code)
  local in_loop = code:find("transport.async", 1, true)
  for name in code:gmatch 'require "(%l+)"' do
    in_loop = in_loop or LOOPS[name]
    if LOOPS[name] and not pcall(require, name) then
      return "needs " .. name
    end
  end
  return in_loop and not async.able() and "plain Lua 5.1 has no tasks" or nil
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

describe("the documents", function()
  local e

  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  for _, path in ipairs(readme.documents()) do
    local count = 0
    for _, block in ipairs(readme.blocks(path)) do
      local code = block.text
      if block.language == "lua" then
        count = count + 1
        it(("have a block %d of %s that runs: %s"):format(count, path,
          code:match "client[:%.]%w+" or code:match "[^\n]+"), function()
          local missing = lacks(code)
          if missing then
            pending(missing)
            return
          end
          local output, exit = run(code, e)
          assert.equal(0, exit, output)
        end)
      end
    end
  end

  -- How many lists claim a block as theirs; there has to be one.
  local function claims_of(path, block)
    local claims = block.language == "lua" and 1 or 0
    for _, list in ipairs { PASTED, NOT_RUN } do
      for piece in pairs(list[path] or {}) do
        claims = claims + (block.text:find(piece, 1, true) and 1 or 0)
      end
    end
    return claims
  end

  it("have no other block that no spec runs", function()
    for _, path in ipairs(readme.documents()) do
      local fences = select(2, ("\n" .. readme.text(path)):gsub("\n *```", ""))
      assert.equal(fences, 2 * #readme.blocks(path), path)
      for _, block in ipairs(readme.blocks(path)) do
        assert.equal(1, claims_of(path, block),
          ("add it to a spec and here, %s:\n%s"):format(path, block.text))
      end
    end
    for path, pieces in pairs(PASTED) do
      for piece, spec in pairs(pieces) do
        assert.is_string(readme.block(path, piece))
        local source = read("spec/docs/" .. spec .. "_spec.lua")
        assert.truthy(source:find(path, 1, true), spec .. " knows " .. path)
      end
    end
    for path, pieces in pairs(NOT_RUN) do
      for piece in pairs(pieces) do
        assert.is_string(readme.block(path, piece))
      end
    end
  end)
end)

describe("the chapter on the client", function()
  local text = readme.text "docs/client.md"

  -- The names in the first column of a part's table.
  local function listed(part)
    local names = {}
    for cell in part:gmatch "\n| ([^|\n]+) |" do
      for name in cell:gmatch "`([%w_]+)`" do
        names[name] = true
      end
    end
    return names
  end

  it("names every option, and no other", function()
    local options = require "equinix.client.options"
    local part = text:match "\n## equinix%.new(.-)\n##"
    local names = listed(part)
    -- They stand in the row of the grant that they are for.
    for _, name in ipairs { "user_name", "user_password" } do
      names[name] = part:find("`" .. name .. "`", 1, true) ~= nil
    end
    local known = {}
    for name in pairs(options.NAMES) do
      known[name] = true
    end
    assert.same(known, names)
  end)

  it("names every field of a request, and no other", function()
    local known = {}
    for name in read "lua/equinix/http/validate.lua"
      :match("\nlocal REQUEST = (%b{})"):gmatch '([%w_]+) = "' do
      known[name] = true
    end
    assert.same(known, listed(text:match "\n## client:request(.-)\n##"))
  end)

  it("names every method, and no other", function()
    local equinix = require "equinix"
    local client = assert(equinix.new { token = "t" })
    local known, named = { authorization = true }, {}
    for name in pairs(getmetatable(client)) do
      known[name] = not name:find "^__" or nil
    end
    client:close()
    -- Those that are for the rest of the package only.
    for _, name in read "lua/equinix/client.lua"
      :gmatch "%-%-%-@package\n(.-)function Client:([%w_]+)" do
      known[name] = nil
    end
    for name in text:gmatch "client:([%w_]+)" do
      named[name] = true
    end
    for name in text:gmatch "%-%- (%l+, %l+)\n" do
      for verb in name:gmatch "%l+" do
        named[verb] = true
      end
    end
    assert.same(known, named)
  end)

  it("names every environment variable", function()
    local source = read "lua/equinix/client/environment.lua"
    local known = 0
    for name in source:gmatch '"(EQUINIX_[%u_]+)"' do
      known = known + 1
      local as_id = name:gsub("SECRET", "ID")
      assert.truthy(text:find("`" .. name .. "`", 1, true)
        or text:find("`" .. as_id .. "`", 1, true), name)
    end
    assert.is_true(known > 5)
  end)
end)

describe("the chapter on errors and events", function()
  local text = readme.text "docs/errors-and-events.md" .. "\n## "

  it("names every event that the code emits, and no other", function()
    local emitted, listed = {}, {}
    local files = process.capture "find lua/equinix -name '*.lua'"
    for path in files:gmatch "%S+" do
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
