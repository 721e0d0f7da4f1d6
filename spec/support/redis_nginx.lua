-- redis_nginx: stores in a worker of nginx, and objects here that use them.
--
--   local nginx = redis_nginx.start()
--   local store = nginx:open { port = 6379 }   -- made and used in nginx
--   store:lock("k", 60) ...                    -- in the phase `content`
--   nginx:ok "/path"                           -- the body of a location
--   nginx:stop()
--
-- Law of this file: each call of a method is a request; what the method
-- returns or raises in nginx, the call returns or raises here. A lease stays
-- in nginx; here a table with its number stands for it.
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local M = {}
local Nginx = {}
Nginx.__index = Nginx

--- The reason why these specs can't run here, or nil.
---@return string|nil
function M.missing()
  return nginx.missing() or redis.missing()
end

-- In nginx ------------------------------------------------------------------

-- A call is sent as a Lua expression, a table; and so is its outcome.
local WORKER = [==[
local M = { stores = {}, leases = {} }

local function read(text)
  return loadstring("return " .. text)()
end

local function write(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function open(options)
  local store, err = require("equinix").store.redis(options)
  if not store then
    return nil, tostring(err)
  end
  M.stores[#M.stores + 1] = store
  return #M.stores
end

local function call(job)
  local store = M.stores[job.store]
  if job.lease then
    job[job.lease] = M.leases[job[job.lease].lease]
      or job[job.lease]
  end
  local value, more, fault = store[job.method](store, unpack(job, 1, 5))
  if type(value) == "table" then
    M.leases[#M.leases + 1] = value
    value = { lease = #M.leases }
  end
  return value, more, fault
end

function M.serve()
  ngx.req.read_body()
  local job = read(ngx.req.get_body_data())
  local ok, value, more, fault = pcall(job.open and open or call,
    job.open or job)
  if type(value) == "table" then
    value = ("{ lease = %d }"):format(value.lease)
  else
    value = write(value)
  end
  fault = type(fault) == "table" and ("{ temporary = %s, hint = %q }"):format(
    tostring(fault.temporary), fault.hint) or "nil"
  ngx.print(("{ %s, %s, %s, %s }"):format(tostring(ok), value, write(more),
    fault))
end

return M
]==]

local LOCATION = [[
location = /call {
  client_body_buffer_size 1m;
  content_by_lua_block { require("store_worker").serve() }
}
]]

-- Here ----------------------------------------------------------------------

-- A value as Lua source, for both sides.
local function literal(value)
  if type(value) == "string" then
    -- Escaped, since two different parsers read it.
    return '"' .. value:gsub("[^%w ]", function(byte)
      return ("\\%03d"):format(byte:byte())
    end) .. '"'
  elseif type(value) == "number" then
    return value ~= value and "0/0" or value == math.huge and "math.huge"
      or ("%.17g"):format(value)
  elseif type(value) == "table" then
    local parts = {}
    for name, member in pairs(value) do
      parts[#parts + 1] = ("[%s]=%s"):format(literal(name), literal(member))
    end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return tostring(value)
end

local function read(text)
  local value = assert((loadstring or load)("return " .. text))()
  return value
end

local function send_call(self, job)
  local response, err = self.nginx:send("POST", "/call",
    { body = literal(job) })
  if not response or response.status ~= 200 then
    error("nginx: " .. tostring(err and err.message or response.status)
      .. self.nginx:error_log(), 2)
  end
  local outcome = read(response.body)
  if not outcome[1] then
    error(outcome[2], 0)
  end
  return outcome[2], outcome[3], outcome[4]
end

local Store = {}
Store.__index = Store

-- The position of the lease among the arguments; 0: none.
local METHODS = { load = 0, save = 4, lock = 0, extend = 1, unlock = 1,
  delete = 0 }

for method, lease in pairs(METHODS) do
  Store[method] = function(self, ...)
    local job = { store = self.number, method = method, ... }
    job.lease = type(job[lease]) == "table" and lease or nil
    return send_call(self.nginx, job)
  end
end

--- Makes a store in nginx.
---@param options table of store.redis
function Nginx:open(options)
  local number, reason = send_call(self, { open = options })
  assert(number, reason)
  return setmetatable({ nginx = self, number = number }, Store)
end

--- The body that a location of `start` responds with.
---@param path string
---@return string body
function Nginx:ok(path)
  return self.nginx:ok(path)
end

--- Starts nginx and waits until it listens.
---@param locations? string further ones, as directives
function M.start(locations)
  return setmetatable({
    nginx = nginx.start {
      http = "lua_socket_log_errors off;",
      server = LOCATION .. (locations or ""),
      files = { ["store_worker.lua"] = WORKER },
    },
  }, Nginx)
end

function Nginx:stop()
  self.nginx:stop()
end

return M
