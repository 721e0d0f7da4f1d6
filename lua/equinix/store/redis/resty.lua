--- resty: the driver over resty.redis, where nothing may block.
--
-- Law of this file: it is one of two drivers (luasocket.lua describes them)
-- and knows nothing of keys. The worker's own pool keeps the connections, so
-- each light thread has one for itself. After a failure a connection is
-- closed.

local reasons = require "equinix.store.redis.errors"

local M = {}

local IDLE = 10 * 1000 -- milliseconds

local MISSING = "a Redis store needs the Lua module resty.redis in nginx: "
  .. "install lua-nginx-redis (apt), which calls it nginx.redis; "
  .. "OpenResty brings it"

local Connection = {}
Connection.__index = Connection

--- Sends a command and waits for its reply.
---@param command string in lower case
---@return any reply never nil without a failure
---@return string|nil failure
function Connection:call(command, ...)
  -- resty.redis raises for a length that is not a number, nginx where a C
  -- function is between the caller and here.
  local ok, reply, message = pcall(self.redis[command], self.redis, ...)
  if not ok then
    return nil, tostring(reply):find "attempt to yield" and "phase"
      or "garbage"
  elseif reply == false then
    return nil, reasons.code(message)
  elseif reply ~= nil and reply ~= ngx.null then
    return reply
  elseif message == "timeout" then
    return nil, "timeout"
  end
  -- Without a message it is a null, which none of our commands returns.
  return nil, (message == nil or message:find "^unknown prefix") and "garbage"
    or "closed"
end

function Connection:keep()
  if self.single or not self.redis:set_keepalive(IDLE) then
    self:close()
  end
end

function Connection:close()
  self.redis:close()
end

local Driver = {}
Driver.__index = Driver

local function failure_of(message)
  if message == "timeout" then
    return "timeout"
  elseif message:find "refused" then
    return "refused"
  elseif message:find "resolve" then -- also "no resolver defined to ..."
    return "unresolved"
  end
  return "unreachable"
end

--- A connection, one of the pool or a new one.
---@param fresh? boolean a new one in any case, which is not kept
---@return equinix.store.redis.connection|nil
---@return string|nil failure
function Driver:take(fresh)
  -- ngx_lua knows in which phases Lua may wait for a socket; it makes none
  -- elsewhere.
  local made, redis = pcall(self.redis.new, self.redis)
  if not made then
    return nil, "phase"
  elseif not redis then
    return nil, "unreachable"
  end
  redis:set_timeout(self.milliseconds)
  -- No connection is ever put into the second pool.
  local pool = fresh and self.pool .. ":fresh" or self.pool
  local called, ok, message =
    pcall(redis.connect, redis, self.host, self.port, { pool = pool })
  if not called then -- a C function in between can't yield
    return nil, "phase"
  elseif not ok then
    return nil, failure_of(tostring(message))
  end
  return setmetatable({
    kept = (redis:get_reused_times() or 0) > 0,
    single = fresh,
    redis = redis,
  }, Connection)
end

--- Opens nothing yet.
---@param options {host: string, port: integer, timeout: number, login: string}
---  login: a name for the login, since a kept connection has logged in
---@return table|nil driver
---@return string|nil reason what to install
function M.new(options)
  local found, redis = pcall(require, "resty.redis")
  if not found then
    found, redis = pcall(require, "nginx.redis")
  end
  if not found then
    return nil, MISSING
  end
  return setmetatable({
    redis = redis,
    host = options.host:find ":" and "[" .. options.host .. "]"
      or options.host,
    port = options.port,
    -- 0 would mean nginx's default, and this is the largest that it accepts.
    milliseconds = math.min(math.ceil(options.timeout * 1000), 2^31 - 1),
    pool = "equinix:" .. options.login,
  }, Driver)
end

return M
