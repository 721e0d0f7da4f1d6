--- luasocket: Redis by way of redis-lua, where a thread may block.
--
-- Law of this file: it is one of two drivers and knows no key. It lends one
-- connection at a time; what fails is closed, so that no late answer can pass
-- for the next one; what was opened before a fork stays the parent's.
--
--   driver:take()           -> connection | nil, failure
--   connection.kept            it has served before: may be dead by now
--   connection:call(command, ...) -> reply | nil, failure
--   connection:keep()          it is well, lend it again
--   connection:close()         it is not

local core = require "equinix.core"
local words = require "equinix.store.redis.errors"

local M = {}

local IDLE = 10 -- seconds; a firewall on the way forgets the rest silently
-- The longest answer: a list, a number, a record's size, the record. No part
-- is larger than a record and the end of its line.
local MAX_PARTS = 4
local MAX_PART = 64 * 1024 + 2

local MISSING = "a Redis store needs the Lua modules redis (redis-lua) and "
  .. "socket (luasocket): install lua-redis and lua-socket (apt), or "
  .. "redis-lua (LuaRocks)"

-- Debian's redis-lua is one file for every Lua, and lies where Luas up to 5.3
-- look. Nobody's search path is changed for it.
local DEBIAN = "/usr/share/lua/5.3/redis.lua"

-- The socket ----------------------------------------------------------------

-- What redis-lua gets for a socket. It raises texts; what really happened to
-- the wire is noted here.
local Wire = {}
Wire.__index = Wire

local function note(self, err)
  self.failure = err == "timeout" and "timeout" or "closed"
end

function Wire:send(bytes)
  local sent, err = self.tcp:send(bytes)
  if not sent then
    note(self, err)
  end
  return sent, err
end

function Wire:receive(what)
  self.parts = self.parts + 1
  if self.parts > MAX_PARTS or type(what) == "number" and what > MAX_PART then
    self.failure = "garbage"
    return nil, "too much"
  end
  local bytes, err = self.tcp:receive(what)
  if not bytes then
    note(self, err)
  end
  return bytes, err
end

-- A connection --------------------------------------------------------------

---@class equinix.store.redis.connection
---@field kept boolean
local Connection = {}
Connection.__index = Connection

--- Sends a command and waits for its answer.
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
  local refusal = not ok and tostring(reply):match "redis error: (.*)"
  return nil, wire.failure or refusal and words.code(refusal) or "garbage"
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

local function failure_of(err)
  if err == "timeout" then
    return "timeout"
  elseif err == "connection refused" then
    return "refused"
  elseif err:find "^host or service not" or err:find "name resolution" then
    return "unresolved"
  end
  return "unreachable"
end

local function connect(self)
  local tcp, err = self.socket.tcp()
  if tcp then
    tcp:settimeout(self.timeout, "t") -- "t": for a whole call, not its parts
    local ok, why = tcp:connect(self.host, self.port)
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
    err = why
  end
  return nil, failure_of(tostring(err))
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
    connection:close() -- of a parent's only our copy: no goodbye is sent
    return connect(self)
  end
  return connection
end

local function load_redis()
  local found, redis = pcall(require, "redis")
  if not found then
    found, redis = pcall(dofile, DEBIAN)
  end
  -- Other modules of that name are about.
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
