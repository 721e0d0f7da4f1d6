-- redis_nginx: stores that live in a worker of a real nginx, as objects here.
--
--   local nginx = redis_nginx.start()
--   local store = nginx:open { port = 6379 }   -- made and used over there
--   store:lock("k", 60) ...                    -- in the phase `content`
--   nginx:ok "/path"                           -- what a location says
--   nginx:stop()
--
-- Law of this file: each call of a method is a request; what it returns or
-- raises over there it returns or raises here. A lease stays there; what
-- stands for it here is a table with its number.
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local M = {}
local Nginx = {}
Nginx.__index = Nginx

-- Where resty.redis may be; it loads inside nginx only.
local FILES = {
  "/usr/local/openresty/lualib/resty/redis.lua",
  "/usr/local/share/lua/5.1/resty/redis.lua",
  "/usr/share/lua/5.1/resty/redis.lua",
  "/usr/share/lua/5.1/nginx/redis.lua",
}

--- Why no spec of this kind can run here, or nil.
---@return string|nil
function M.missing()
  for _, path in ipairs(FILES) do
    local file = io.open(path, "rb")
    if file then
      file:close()
      return nginx.missing() or redis.missing()
    end
  end
  return "needs lua-nginx-redis"
end

-- Over there ----------------------------------------------------------------

-- A call is a chunk of Lua that returns a table; so is its outcome.
local SERVANT = [==[
local M = { stores = {}, leases = {} }

local function read(text)
  return loadstring("return " .. text)()
end

local function write(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function open(options)
  local store, err = require "equinix.store.redis"(options)
  if not store then
    return nil, tostring(err)
  end
  M.stores[#M.stores + 1] = store
  return #M.stores
end

local function call(order)
  local store = M.stores[order.store]
  if order.lease then
    order[order.lease] = M.leases[order[order.lease].lease]
      or order[order.lease]
  end
  local value, more = store[order.method](store, unpack(order, 1, 4))
  if type(value) == "table" then
    M.leases[#M.leases + 1] = value
    value = { lease = #M.leases }
  end
  return value, more
end

function M.serve()
  ngx.req.read_body()
  local order = read(ngx.req.get_body_data())
  local ok, value, more = pcall(order.open and open or call,
    order.open or order)
  if type(value) == "table" then
    value = ("{ lease = %d }"):format(value.lease)
  else
    value = write(value)
  end
  ngx.print(("{ %s, %s, %s }"):format(tostring(ok), value, write(more)))
end

return M
]==]

local LOCATION = [[
location = /call {
  client_body_buffer_size 1m;
  content_by_lua_block { require("servant").serve() }
}
]]

-- Here ----------------------------------------------------------------------

-- Lua as text, for both sides.
local function literal(value)
  if type(value) == "string" then
    -- Bytes as they are would have to pass two different parsers.
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

local function order(self, what)
  local response, err = self.nginx:send("POST", "/call",
    { body = literal(what) })
  if not response or response.status ~= 200 then
    error("nginx: " .. tostring(err and err.message or response.status)
      .. self.nginx:error_log(), 2)
  end
  local outcome = read(response.body)
  if not outcome[1] then
    error(outcome[2], 0)
  end
  return outcome[2], outcome[3]
end

local Store = {}
Store.__index = Store

-- Which argument of a method is a lease.
local METHODS = { load = 0, save = 4, lock = 0, unlock = 1, delete = 0 }

for method, lease in pairs(METHODS) do
  Store[method] = function(self, ...)
    local what = { store = self.number, method = method, ... }
    what.lease = type(what[lease]) == "table" and lease or nil
    return order(self.nginx, what)
  end
end

--- A store over there.
---@param options table of store.redis
function Nginx:open(options)
  local number, reason = order(self, { open = options })
  assert(number, reason)
  return setmetatable({ nginx = self, number = number }, Store)
end

--- What a location of `start` answers.
---@param path string
---@return string body
function Nginx:ok(path)
  return self.nginx:ok(path)
end

--- Starts one and waits until it listens.
---@param locations? string more of them, as directives
function M.start(locations)
  return setmetatable({
    nginx = nginx.start {
      http = "lua_socket_log_errors off;",
      server = LOCATION .. (locations or ""),
      files = { ["servant.lua"] = SERVANT },
    },
  }, Nginx)
end

function Nginx:stop()
  self.nginx:stop()
end

return M
