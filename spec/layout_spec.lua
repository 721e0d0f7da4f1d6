-- layout: the shape of the tree itself. What stands where, who may know whom,
-- and how long things may get.
--
-- Law of this file: it reads the tree and runs none of it. A rule that is
-- broken names the file; an exception is in a table here, with its reason.
local lfs = require "lfs"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- Every file under these folders, sorted; build and dotted ones left out.
local function files_under(...)
  local found = {}
  local function visit(path)
    local mode = lfs.attributes(path, "mode")
    if mode == "file" then
      found[#found + 1] = path
    elseif mode == "directory" then
      for name in lfs.dir(path) do
        if name:sub(1, 1) ~= "." then
          visit(path .. "/" .. name)
        end
      end
    end
  end
  for _, folder in ipairs { ... } do
    visit(folder)
  end
  table.sort(found)
  return found
end

local function select_files(paths, pattern)
  local selected = {}
  for _, path in ipairs(paths) do
    if path:find(pattern) then
      selected[#selected + 1] = path
    end
  end
  return selected
end

--- Fails with every line of the list, not only with the first.
local function assert_none(complaints)
  if #complaints > 0 then
    error("\n  " .. table.concat(complaints, "\n  "), 0)
  end
end

local SOURCES = files_under("src", "lua")
local C_FILES = select_files(SOURCES, "^src/.*%.c$")
local LUA_FILES = select_files(SOURCES, "^lua/.*%.lua$")
local SPECS = select_files(files_under "spec", "_spec%.lua$")
local CODE = files_under("src", "lua", "spec", "bin", "bench", "examples",
  "tools", "Makefile", ".ci/run", "lua-equinix-scm-1.rockspec")

--- lua/equinix/transport/curl.lua -> equinix.transport.curl
local function module_of(path)
  return (path:match("^lua/(.*)%.lua$"):gsub("/", "."):gsub("%.init$", ""))
end

--- The modules that a file requires, at once or lazily, comments left out. A
--- module's whole name counts wherever it stands: it may be required later. A
--- name that is put together at run time counts as what it begins with.
local function requirements(path)
  local names, own = {}, path:find "^lua/" and module_of(path)
  local code = read(path):gsub("%-%-[^\n]*", "")
  for _, pattern in ipairs { "require%s*%(?%s*", "lazy%s*%(?%s*",
    'lazy"%)%s*' } do
    for name in code:gmatch(pattern .. "[\"']([%w_%.]+)[\"']") do
      names[#names + 1] = name
    end
  end
  for name in code:gmatch "[\"'](equinix%.[%w_]+%.[%w_%.]+)[\"']" do
    local file = "lua/" .. name:gsub("%.", "/") .. ".lua"
    if name ~= own and lfs.attributes(file) then
      names[#names + 1] = name
    end
  end
  return names
end

describe("the tree", function()
  it("was found, so that nothing below passes for want of files", function()
    assert.is_true(#C_FILES > 5 and #LUA_FILES > 5 and #SPECS > 5)
  end)

  it("has only modules under lua/", function()
    local complaints = {}
    for _, path in ipairs(files_under "lua") do
      if not path:find "^lua/equinix/[%w_/]+%.lua$" then
        complaints[#complaints + 1] = path
      end
    end
    assert_none(complaints)
  end)

  -- What has no face of its own, and the spec that covers it.
  local COVERED = {
    -- makes the tables of functions that every class has
    ["core/base/compat"] = "core/base/object",
    -- a step on the way from a document to a file
    ["capability/openapi_parameters"] = "capability/from_openapi",
    -- parts of the page, which is tested in a browser
    ["emulator/console/icon"] = "emulator/console/page",
    ["emulator/console/panels"] = "emulator/console/page",
    ["emulator/console/requests"] = "emulator/console/page",
    ["emulator/console/snippets"] = "emulator/console/page",
    ["emulator/console/style"] = "emulator/console/page",
    -- needs processes that die
    ["core/cache/leader"] = "core/cache/shared_table",
    ["core/cache/futex"] = "core/cache/shared_table",
    ["core/cache/lua_values"] = "core/cache/tokens",
    ["core/cache/slot"] = "core/cache/tokens",
    ["core/cache/snapshot"] = "core/cache/tokens",
    ["core/files/cleanup"] = "core/files/record_dir",
    -- needs processes that fork
    ["core/files/lock_fd"] = "core/files/lease_file",
    ["core/files/private_dir"] = "core/files/record_dir",
    -- whether libcurl may raise the signal
    ["core/http/curl_init"] = "core/http/sigpipe",
    -- the options that stay from one request to the next
    ["core/http/curl_events"] = "core/http/multi",
    ["core/http/engine_drive"] = "core/http/engine",
    ["core/http/engine_wait"] = "core/http/engine_object",
    ["core/http/multi_abandon"] = "core/http/engine_object",
    ["core/http/multi_parked"] = "core/http/once",
    ["core/http/order_list"] = "core/http/engine",
    ["core/http/readiness"] = "core/http/engine",
    ["core/http/readiness_epoll"] = "core/http/engine",
    -- of macOS and the BSDs
    ["core/http/readiness_kqueue"] = "core/http/engine",
    ["core/http/transfer_list"] = "core/http/multi",
    ["core/http/easy_defaults"] = "core/http/easy_options",
    ["core/http/field_syntax"] = "core/http/request",
    ["core/http/send_many"] = "core/http/multi",
    ["core/http/tls_library"] = "core/http/tls_errors",
    -- runs inside nginx
    ["serve/own_client"] = "serve/own_credentials",
    -- a part of the contract, which each store's spec declares
    ["store/contract/extensions"] = "store/contract",
    -- the owner of every key, where there is one server
    ["store/redis/alone"] = "store/redis/step",
    -- run by every step
    ["store/redis/scripts"] = "store/redis",
    -- what both functions of the room stand on
    ["core/json/scan"] = "core/json/whole_numbers",
  }

  it("has one spec for each source file, of the same name", function()
    local complaints = {}
    for _, path in ipairs(SOURCES) do
      local c_name = path:match "^src/(.*)%.c$"
      local name = c_name and "core/" .. c_name
        or path:match "^lua/equinix/(.*)%.lua$"
      if name then
        local spec = "spec/" .. (COVERED[name] or name) .. "_spec.lua"
        if not lfs.attributes(spec) then
          complaints[#complaints + 1] = path .. " lacks " .. spec
        end
      end
    end
    assert_none(complaints)
  end)
end)

describe("dependencies", function()
  -- The rooms of lua/equinix, see docs/architecture.md: each requires rooms of
  -- a lower rank, and itself. Files that are in no room stand on rank 5.
  local RANKS = {
    base = 0,
    http = 1, transport = 1, store = 1, supervisor = 1,
    oauth = 2, emulator = 2,
    tokens = 3,
    client = 4,
    capability = 5,
    service = 6,
    serve = 7,
    cli = 8,
  }
  local TOP = { init = true, client = true, copas = true, cqueues = true,
    haproxy = true, luv = true, nginx = true }
  local TOP_RANK = 5
  -- The gateway shows metrics in the words of service/.
  local TOP_RANKS = { ["equinix.nginx"] = 7 }

  -- Narrower than the ranks, and why.
  local ONLY = {
    -- The other side of the wire: were it made of the client's parts, both
    -- would share their mistakes. So it has JSON and errors of its own.
    emulator = {
      supervisor = true, ["base.check"] = true, ["base.file"] = true,
      ["base.lazy"] = true, ["base.shell"] = true, ["base.suggest"] = true,
      ["base.table"] = true, ["base.template"] = true,
    },
    -- HTTP as values: no I/O.
    http = { base = true },
    -- A file is checked and planned; nothing is sent.
    capability = {
      base = true, oauth = true, ["client.environment"] = true,
    },
    -- The adapters are handed a client.
    service = {
      base = true, http = true, transport = true, oauth = true,
      capability = true,
    },
  }

  -- "equinix.http.retry" -> "http", 1; "equinix" -> nil, 5
  local function room_of(name)
    local room = name:match "^equinix%.([%w_]+)%."
      or name:match "^equinix%.(cli)$" or name:match "^equinix%.(emulator)$"
    return room, room and RANKS[room] or TOP_RANKS[name] or TOP_RANK
  end

  local function is_allowed(who, whom)
    if not whom:find "^equinix" then
      return true
    end
    local room, rank = room_of(who)
    local other, other_rank = room_of(whom)
    if whom == "equinix.core" or (room and room == other) then
      return true
    elseif room and ONLY[room] then
      local short = whom:match "^equinix%.(.+)$"
      return ONLY[room][other or ""] or ONLY[room][short or ""] or false
    end
    return other_rank < rank or (not room and not other)
  end

  it("point from a room to rooms of a lower rank, lazy ones too", function()
    local complaints, seen = {}, 0
    for _, path in ipairs(LUA_FILES) do
      local who = module_of(path)
      for _, whom in ipairs(requirements(path)) do
        seen = seen + 1
        if not is_allowed(who, whom) then
          complaints[#complaints + 1] = who .. " requires " .. whom
        end
      end
    end
    assert.is_true(seen > 300)
    assert_none(complaints)
  end)

  it("are of rooms that are in the table, and no other", function()
    local found = {}
    for _, path in ipairs(LUA_FILES) do
      local room = path:match "^lua/equinix/([%w_]+)/"
      local file = path:match "^lua/equinix/([%w_]+)%.lua$"
      if room then
        found[room] = RANKS[room]
      end
      assert.is_true((room and RANKS[room] or TOP[file]) and true, path)
    end
    assert.same(RANKS, found)
  end)

  it("are refused where they point upwards, sideways or out of bounds",
    function()
      for who, whom in pairs {
        ["equinix.base.error"] = "equinix.http.retry",
        ["equinix.http.form"] = "equinix.transport.curl",
        ["equinix.oauth.grant"] = "equinix.tokens.source",
        ["equinix.client.call"] = "equinix.client",
        ["equinix.service.rest"] = "equinix.client.call",
        ["equinix.tokens.source"] = "equinix",
        ["equinix.emulator.router"] = "equinix.base.json",
        ["equinix.store.redis"] = "equinix.transport.",
      } do
        assert.is_false(is_allowed(who, whom), who .. " -> " .. whom)
      end
      assert.is_true(is_allowed("equinix.store.redis", "equinix.store.redis."))
      assert.is_true(is_allowed("equinix.cli.token", "equinix"))
      assert.is_true(is_allowed("equinix.client", "equinix.tokens.source"))
    end)

  it("of modules never form a circle", function()
    local graph, complaints, done = {}, {}, {}
    for _, path in ipairs(LUA_FILES) do
      graph[module_of(path)] = requirements(path)
    end
    local function visit(name, trail)
      for i, earlier in ipairs(trail) do
        if earlier == name then
          trail[#trail + 1] = name
          complaints[#complaints + 1] = table.concat(trail, " -> ", i)
          trail[#trail] = nil
          return
        end
      end
      if done[name] then
        return
      end
      trail[#trail + 1] = name
      for _, whom in ipairs(graph[name] or {}) do
        visit(whom, trail)
      end
      trail[#trail] = nil
      done[name] = true
    end
    for name in pairs(graph) do
      visit(name, {})
    end
    assert_none(complaints)
  end)

  it("keep the rooms of src apart", function()
    -- A file of a room includes headers of base/ and of its own room, and
    -- core.h, which names no room; only core.c includes those of any room.
    local complaints = {}
    for _, path in ipairs(select_files(SOURCES, "^src/.*%.[ch]$")) do
      local room = path:match "^src/([%w_]+)/"
      for header in read(path):gmatch '#%s*include "([^"]+)"' do
        local other = header:match "^([%w_]+)/"
        local allowed = other == room or other == "base" and room
          or header == "core.h" or path == "src/core.c"
        if not allowed then
          complaints[#complaints + 1] = path .. " includes " .. header
        end
      end
    end
    assert_none(complaints)
  end)

  it("leave OAuth and Equinix out of the C code, JSON to a room", function()
    local complaints = {}
    for _, path in ipairs(select_files(SOURCES, "^src/.*%.[ch]$")) do
      -- The module's own name is no knowledge: "equinix.http", nor is that
      -- of its variable.
      local code = read(path):gsub("/%*.-%*/", ""):gsub("equinix[%._]%l", "")
        :gsub("EQUINIX_CACHE_", "")
      for _, word in ipairs { "oauth", "json", "equinix", "access_token" } do
        local allowed = word == "json" and path:find "^src/json/"
        if code:lower():find(word, 1, true) and not allowed then
          complaints[#complaints + 1] = path .. " speaks of " .. word
        end
      end
    end
    assert_none(complaints)
  end)
end)

describe("every file", function()
  it("of code keeps its lines under 80 columns, without tabs", function()
    local complaints = {}
    for _, path in ipairs(CODE) do
      local number, make = 0, path:find "Makefile$" or path:find "%.mk$"
      local json = path:find "%.json$" -- its texts can't be broken
      for line in (read(path) .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        -- Continuation bytes of UTF-8 take no column.
        local width = #line:gsub("[\128-\191]", "")
        if width > 79 and not json then
          complaints[#complaints + 1] = path .. ":" .. number .. " is wide"
        end
        if line:find "%s$" or (line:find "\t" and not make) then
          complaints[#complaints + 1] = path .. ":" .. number .. " has blanks"
        end
      end
    end
    assert_none(complaints)
  end)

  it("of code stays under 400 lines (a spec, which is a list: 600)", function()
    local complaints = {}
    for _, path in ipairs(CODE) do
      local _, lines = read(path):gsub("\n", "")
      if lines > (path:find "_spec%.lua$" and 600 or 400)
        and not path:find "%.json$" then
        complaints[#complaints + 1] = path .. " has " .. lines .. " lines"
      end
    end
    assert_none(complaints)
  end)

  it("opens with what it is about", function()
    local complaints = {}
    for _, path in ipairs(CODE) do
      -- In its first three lines there is a comment; "#!" is none.
      local head = "\n" .. read(path):match "^[^\n]*\n?[^\n]*\n?[^\n]*"
      if not (head:find "\n%-%-" or head:find "\n/%*"
        or head:find "\n#[^!]") and not path:find "%.rockspec$"
        and not path:find "%.json$" then
        complaints[#complaints + 1] = path
      end
    end
    assert_none(complaints)
  end)

  it("of C keeps its functions under 50 lines", function()
    local complaints = {}
    for _, path in ipairs(select_files(CODE, "%.c$")) do
      local name, length
      for line in read(path):gmatch "([^\n]*)\n" do
        if line == "{" then
          length = 0
        elseif line == "}" and length then
          if length >= 50 then
            complaints[#complaints + 1] = path .. ": " .. (name or "?")
              .. " has " .. length .. " lines"
          end
          name, length = nil, nil
        elseif length then
          length = length + 1
        else
          name = line:match "([%w_]+)%(" or name
        end
      end
    end
    assert_none(complaints)
  end)
end)

describe("the rockspec", function()
  local rock = {}
  local load_text = loadstring or load
  local chunk = assert(load_text(read "lua-equinix-scm-1.rockspec"))
  if setfenv then
    setfenv(chunk, rock)
  else
    debug.setupvalue(chunk, 1, rock)
  end
  chunk()

  -- tools/rock.sh compares what it installs with what is on disk.
  it("leaves building to the Makefile, which has those targets", function()
    assert.are.equal("make", rock.build.type)
    for _, name in ipairs { "build_target", "install_target" } do
      assert.truthy(("\n" .. read "Makefile"):find("\n" .. rock.build[name]
        .. ":", 1, true), rock.build[name])
    end
  end)

  it("installs a command that chooses a Lua itself", function()
    assert.is_false(rock.deploy.wrap_bin_scripts)
  end)

  it("sets no upper bound to Lua", function()
    assert.are.equal("lua >= 5.1", rock.dependencies[1])
  end)
end)
