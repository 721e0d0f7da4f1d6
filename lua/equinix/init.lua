--- equinix: authenticated access to the Equinix APIs.
--
--     local equinix = require "equinix"
--     local client  = assert(equinix.new())
--     local ports   = assert(client:get "/fabric/v4/ports")
--
-- Law of this file: it makes the client and hands out what goes with it; it
-- does nothing else. Libcurl is loaded here: in a program that lives long a
-- request must not wait for that, and a server has to have it before it forks.

-- Lua 5.1 and LuaJIT mark a module while it is loaded, and leave the marks
-- where that fails: without memory once, it could never be loaded again. (What
-- is loaded later goes through base/lazy.)
local function careful(f, name)
  local ok, module = pcall(f, name)
  if ok then
    return module
  end
  for marked, value in pairs(package.loaded) do
    if type(value) ~= "table" and type(marked) == "string"
      and (marked == "cjson" or marked:find "^equinix") then
      package.loaded[marked] = nil
    end
  end
  error(module, 0)
end

local function need(name)
  return careful(require, name)
end

local version = need "equinix.base.version"
careful(version.check)

local core = need "equinix.core"
careful(core.load_libcurl)

local VERSION = version.VERSION

local client = need "equinix.client"
local json = need "equinix.base.json"
local lazy = need "equinix.base.lazy"
local options = need "equinix.client.options"
local transport = need "equinix.transport.default"

--- A local Equinix for tests, loaded when it is first used.
---@class equinix
---@field emulator {start: fun(options?: table): equinix.Emulator|nil, string}
local M = setmetatable({
  _VERSION = VERSION,
  --- JSON's null, in answers and in bodies to send.
  null = json.null,
  --- An empty JSON array: an empty table is an empty object.
  empty_array = json.empty_array,
  --- Second levels of the cache: equinix.store.file, equinix.store.redis;
  --- equinix.store.from_url makes one from a URL.
  store = setmetatable({}, {
    __index = function(self, name)
      if name == "file" then
        self.file = lazy.load "equinix.store.file"
      elseif name == "redis" or name == "from_url" then
        local redis = lazy.load "equinix.store.redis"
        redis.default_transport = transport.find
        self.redis, self.from_url = redis, redis.from_url
      end
      return rawget(self, name)
    end,
  }),
}, {
  __index = function(self, name)
    if name == "emulator" then
      self.emulator = require "equinix.emulator"
    end
    return rawget(self, name)
  end,
})

--- Makes a client. No network, no file, no thread: these come with its use.
---@param opts? equinix.Options explicit beats environment beats default
---@return equinix.Client|nil
---@return equinix.Error|nil err what is missing or unusable (kind "config");
---  an unknown option or a wrong type raises at the caller's line
function M.new(opts)
  local config, err = options.client(opts, 2)
  if not config then
    return nil, err
  end
  return client.new(config)
end

--- The versions to name in a report: ours, Lua's and the libraries'.
---@return {equinix: string, lua: string, libcurl: string, libcrypto: string}
function M.versions()
  local versions = core.versions()
  versions.equinix = VERSION
  versions.lua = rawget(_G, "jit") and jit.version or _VERSION
  return versions
end

--- assert for hosts whose own wants a string (Lua 5.1, ngx_lua's log).
---@generic T
---@param value T|nil
---@param err? any
---@return T value
---@return any ...
function M.assert(value, err, ...)
  if not value then
    error(tostring(err or "assertion failed!"), 2)
  end
  return value, err, ...
end

return M
