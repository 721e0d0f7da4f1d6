--- equinix: authenticated access to the Equinix APIs.
--
--     local equinix = require "equinix"
--     local client  = assert(equinix.new())
--     local ports   = assert(client:get "/fabric/v4/ports")
--
-- Law of this file: it makes the client and hands out what goes with it; it
-- does nothing else. Libcurl is loaded here: in a program that lives long a
-- request must not wait for that, and a server has to have it before it forks.

local version = require "equinix.base.version"
version.check()

local core = require "equinix.core"
core.load_libcurl()

local VERSION = version.VERSION

local client = require "equinix.client"
local json = require "equinix.base.json"
local options = require "equinix.client.options"
local transport = require "equinix.transport.default"

local M = {
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
        self.file = require "equinix.store.file"
      elseif name == "redis" or name == "from_url" then
        local redis = require "equinix.store.redis"
        redis.default_transport = transport.find
        self.redis, self.from_url = redis, redis.from_url
      end
      return rawget(self, name)
    end,
  }),
}

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
