--- resty: Redis by way of resty.redis, where nothing may block.
--
-- Law of this file: it is one of two drivers (luasocket.lua says what they do)
-- and knows no key. The worker's own pool keeps the connections, so that each
-- light thread has one for itself; what fails is closed, not kept.

local words = require "equinix.store.redis.errors"

local M = {}

local IDLE = 10 * 1000 -- milliseconds

local MISSING = "a Redis store needs the Lua module resty.redis in nginx: "
  .. "install lua-nginx-redis (apt), which calls it nginx.redis; "
  .. "OpenResty brings it"

-- Where nginx lets Lua wait for a socket.
local WAITS = {
  access = true,
  content = true,
  preread = true,
  rewrite = true,
  server_rewrite = true,
  ssl_cert = true,
  ssl_client_hello = true,
  ssl_session_fetch = true,
  timer = true,
}

local Connection = {}
Connection.__index = Connection

--- Sends a command and waits for its answer.
---@param command string in lower case
---@return any reply never nil without a failure
---@return string|nil failure
function Connection:call(command, ...)
  -- It raises where a length is no number; across a C function nginx does.
  local ok, reply, err = pcall(self.redis[command], self.redis, ...)
  if not ok then
    return nil, tostring(reply):find "attempt to yield" and "phase"
      or "garbage"
  elseif reply == false then
    return nil, words.code(err)
  elseif reply ~= nil and reply ~= ngx.null then
    return reply
  elseif err == "timeout" then
    return nil, "timeout"
  end
  -- Without a cause it is an answer that we never ask for, a null.
  return nil, (err == nil or err:find "^unknown prefix") and "garbage"
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

local function failure_of(err)
  if err == "timeout" then
    return "timeout"
  elseif err:find "refused" then
    return "refused"
  elseif err:find "resolve" then -- "no resolver defined to resolve ..." too
    return "unresolved"
  end
  return "unreachable"
end

--- A connection, one of the pool or a new one.
---@param fresh? boolean surely a new one, which is not kept
---@return equinix.store.redis.connection|nil
---@return string|nil failure
function Driver:take(fresh)
  if not WAITS[ngx.get_phase()] then
    return nil, "phase"
  end
  local redis = self.redis:new()
  redis:set_timeout(self.milliseconds)
  -- Nothing is ever put into the second pool.
  local pool = fresh and self.pool .. ":fresh" or self.pool
  local called, ok, err =
    pcall(redis.connect, redis, self.host, self.port, { pool = pool })
  if not called then -- across a C function nobody yields
    return nil, "phase"
  elseif not ok then
    return nil, failure_of(tostring(err))
  end
  return setmetatable({
    kept = (redis:get_reused_times() or 0) > 0,
    single = fresh,
    redis = redis,
  }, Connection)
end

--- Opens nothing yet.
---@param options {host: string, port: integer, timeout: number, login: string}
---  login: names who logs in how, since a kept connection has done so
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
    -- None would mean nginx's own, and more than this it can't count.
    milliseconds = math.min(math.ceil(options.timeout * 1000), 2^31 - 1),
    pool = "equinix:" .. options.login,
  }, Driver)
end

return M
