-- torture: calls with too little memory, in each of which another allocation
-- fails. The program is torture.c, the calls are scripts/tortured.lua.
--
--   local world = torture.start { redis = true }
--   local line, ok = torture.run(world, { name = "token", what = "lua",
--     mode = "once", tls = false, store = "file" }, { step = 97 })
--   world:stop()
--
-- `make torture` runs all (tools/torture.lua), `make test` a sample.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local M = {}
local World = {}
World.__index = World

--- The names of the calls, those that send nothing first.
M.CALLS = { "new", "seal", "url", "token", "get", "post", "all", "pages",
  "refresh", "mcp", "rest", "first", "require" }

--- Why it can't run; nil: it can. It is the allocator of glibc that fails, and
--- a sanitizer has another one.
---@return string|nil
function M.missing()
  local _, code = process.capture "getconf GNU_LIBC_VERSION"
  return code ~= 0 and "needs glibc" or nil
end

--- The servers.
---@param o {tls?: boolean, plain?: boolean, redis?: boolean}
function M.start(o)
  return setmetatable({
    plain = o.plain and emulator.start { plain = true },
    tls = o.tls and emulator.start(),
    redis = o.redis and not redis.missing() and redis.start(),
    dir = process.tempdir(),
  }, World)
end

function World:stop()
  for _, name in ipairs { "plain", "tls", "redis" } do
    if self[name] then
      self[name]:stop()
    end
  end
  process.remove(self.dir)
end

local function compile(world, lua)
  world.programs = world.programs or {}
  local path = world.dir .. "/" .. lua
  if not world.programs[lua] then
    local output, code = process.capture(([[
      cc -std=c11 -D_GNU_SOURCE -O1 -g -fno-builtin -rdynamic $FLAGS \
        $(tools/lua.sh %s cflags) -o %s spec/support/torture.c \
        spec/support/torture_memory.c \
        $(tools/lua.sh %s libs) -lm -ldl 2>&1]]):format(lua, path, lua))
    assert(code == 0, output)
    world.programs[lua] = path
  end
  return world.programs[lua]
end

local function place_of(world, store)
  if store == "file" then
    return world.dir .. "/store"
  end
  return store == "redis" and world.redis.port or ""
end

--- Makes a call again and again.
---@param world table of start
---@param case {name: string, what: string, mode: "once"|"on", tls: boolean,
---  store?: string} what: "lua", "c", or of those one library's: "/libssl"
---@param o {lua: string, first?: integer, step?: integer}
---@return string output its last line has the numbers
---@return boolean ok
function M.run(world, case, o)
  local lua = o.lua
  local build = (os.getenv "BUILD" or "build") .. "/" .. lua
  world.runs = (world.runs or 0) + 1
  local e = case.tls and world.tls or world.plain
  local words = { case.what, case.mode, o.first or 1, o.step or 1,
    "spec/support/scripts/tortured.lua", case.name, e.base_url, e.client_id,
    e.client_secret, case.tls and e.ca_file or "", case.store or "",
    place_of(world, case.store), world.runs }
  for i, word in ipairs(words) do
    words[i] = process.quote(tostring(word))
  end
  local output, code = process.capture(([[
    LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='%s/?.so;;' \
      %s %s 2>&1]]):format(build, compile(world, lua), table.concat(words,
      " ")))
  return output, code == 0
end

--- Every call, by both allocators, in both modes: over HTTP, over TLS where
--- the C library's fail (Lua's are the same), and with each store.
---@param stores string[]
---@return table[]
function M.cases(stores)
  local list = {}
  local function add(name, what, tls, store)
    for _, mode in ipairs { "once", "on" } do
      list[#list + 1] = { name = name, what = what, mode = mode, tls = tls,
        store = store }
    end
  end
  for _, what in ipairs { "lua", "c" } do
    for i, name in ipairs(M.CALLS) do
      add(name, what, false)
      if what == "c" and i > 3 then
        add(name, what, true)
      end
    end
    for _, store in ipairs(stores) do
      add("token", what, false, store)
      add("refresh", what, false, store)
    end
  end
  return list
end

return M
