--- luasocket: the driver over redis-lua, where a thread may block.
--
-- Law of this file: it is one of two drivers and knows nothing of keys. It
-- lends one connection at a time. After a failure a connection is closed, so
-- that a late reply is never taken for the next one. A connection that was
-- opened before a fork stays with the parent.
--
--   driver:take()           -> connection | nil, failure
--   connection.kept            it was used before: it may be closed by now
--   connection:call(command, ...) -> reply | nil, failure
--   connection:keep()          no failure: it can be lent again
--   connection:close()         after a failure

local core = require "equinix.core"
local reasons = require "equinix.store.redis.errors"

local M = {}

local IDLE = 10 -- seconds; firewalls drop idle connections silently
-- The longest reply: a list, a number, a record's size, the record. No part is
-- larger than a record and its line end.
local MAX_PARTS = 4
local MAX_PART = 64 * 1024 + 2

local MISSING = "a Redis store needs the Lua modules redis (redis-lua) and "
  .. "socket (luasocket): install lua-redis and lua-socket (apt), or "
  .. "redis-lua (LuaRocks)"

-- Debian's redis-lua is one file for every Lua, in a folder that only Luas up
-- to 5.3 search. The program's search path is not changed for it.
local DEBIAN = "/usr/share/lua/5.3/redis.lua"

-- The socket ----------------------------------------------------------------

-- The socket that redis-lua uses. redis-lua raises strings; the failure of the
-- connection is noted here.
local Wire = {}
Wire.__index = Wire

local function note(self, message)
  self.failure = message == "timeout" and "timeout" or "closed"
end

function Wire:send(bytes)
  local sent, message = self.tcp:send(bytes)
  if not sent then
    note(self, message)
  end
  return sent, message
end

function Wire:receive(what)
  self.parts = self.parts + 1
  if self.parts > MAX_PARTS or type(what) == "number" and what > MAX_PART then
    self.failure = "garbage"
    return nil, "too much"
  end
  local bytes, message = self.tcp:receive(what)
  if not bytes then
    note(self, message)
  end
  return bytes, message
end

-- A connection --------------------------------------------------------------

---@class equinix.store.redis.connection
---@field kept boolean
local Connection = {}
Connection.__index = Connection

--- Sends a command and waits for its reply.
---@param command string in lower case
---@return any reply never nil without a failure
---@return string|nil failure
function Connection:call(command, ...)
  local wire = self.wire
  wire.parts, wire.failure = 0, nil
  local ok, reply = pcall(self.client[command], self.client, ...)
  if ok and reply ~= nil then
    return reply
  end
  local message = not ok and tostring(reply):match "redis error: (.*)"
  return nil, wire.failure or message and reasons.code(message) or "garbage"
end

function Connection:keep()
  self.kept, self.ends = true, core.now() + IDLE
  self.driver.connection = self
end

function Connection:close()
  self.wire.tcp:close()
end

-- The driver ----------------------------------------------------------------

local Driver = {}
Driver.__index = Driver

local function failure_of(message)
  if message == "timeout" then
    return "timeout"
  elseif message == "connection refused" then
    return "refused"
  elseif message:find "^host or service not"
    or message:find "name resolution" then
    return "unresolved"
  end
  return "unreachable"
end

local function connect(self)
  local tcp, message = self.socket.tcp()
  if tcp then
    tcp:settimeout(self.timeout, "t") -- "t": for a whole call, not its parts
    local ok, reason = tcp:connect(self.host, self.port)
    if ok then
      tcp:setoption("tcp-nodelay", true)
      local wire = setmetatable({ tcp = tcp }, Wire)
      return setmetatable({
        kept = false,
        pid = core.pid(),
        driver = self,
        wire = wire,
        client = self.redis.connect { socket = wire },
      }, Connection)
    end
    tcp:close()
    message = reason
  end
  return nil, failure_of(tostring(message))
end

--- A connection, the kept one or a new one.
---@return equinix.store.redis.connection|nil
---@return string|nil failure
function Driver:take()
  local connection = self.connection
  self.connection = nil
  if not connection then
    return connect(self)
  elseif connection.pid ~= core.pid() or core.now() > connection.ends then
    connection:close() -- a parent's connection stays open there
    return connect(self)
  end
  return connection
end

local function load_redis()
  local found, redis = pcall(require, "redis")
  if not found then
    found, redis = pcall(dofile, DEBIAN)
  end
  -- There are other modules of that name.
  return found and type(redis) == "table"
    and type(redis.connect) == "function" and redis or nil
end

--- Opens nothing yet.
---@param options {host: string, port: integer, timeout: number}
---@return table|nil driver
---@return string|nil reason what to install
function M.new(options)
  local redis = load_redis()
  local has_socket, socket = pcall(require, "socket")
  if not redis or not has_socket then
    return nil, MISSING
  end
  return setmetatable({
    redis = redis,
    socket = socket,
    host = options.host,
    port = options.port,
    timeout = options.timeout,
  }, Driver)
end

return M
