-- redis: a real redis-server for the specs, on a free loopback port.
--
--   local missing = redis.missing()          -- a reason to skip, or nil
--   local server = redis.start { "--requirepass", "secret" }
--   server.port
--   server:ask("SET", "k", "v")              -- as redis-cli would; raises
--   server:restart()                         -- same port, no data
--   server:signal "STOP"   server:stop()
--
-- Law of this file: it has its own client of Redis and uses nothing that is
-- under test. It writes nothing outside a directory of its own.
local process = require "spec.support.process"
local socket = require "socket"

local M = {}
local Server = {}
Server.__index = Server

-- The driver looks in the same places: Debian has no copy for Lua 5.4.
local function has_client()
  return pcall(require, "redis")
    or loadfile "/usr/share/lua/5.3/redis.lua" ~= nil
end

--- The reason why specs with Redis can't run here, or nil.
---@param client? boolean the client library of plain Lua is needed, too
---@return string|nil
function M.missing(client)
  local _, code = process.capture "command -v redis-server >/dev/null"
  if code ~= 0 then
    return "needs redis-server"
  elseif client and not has_client() then
    return "needs redis-lua"
  end
end

--- A loopback port on which no server listens.
---@return integer
function M.free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tonumber(port)
end

-- Commands ------------------------------------------------------------------

local function read_response(tcp)
  local line = assert(tcp:receive "*l")
  local kind, rest = line:sub(1, 1), line:sub(2)
  if kind == "-" then
    error(rest, 0)
  elseif kind == ":" then
    return tonumber(rest)
  elseif kind == "$" then
    local size = tonumber(rest)
    return size >= 0 and assert(tcp:receive(size + 2)):sub(1, -3) or nil
  elseif kind == "*" then
    local list = {}
    for i = 1, tonumber(rest) do
      list[i] = read_response(tcp)
    end
    return list
  end
  return rest
end

local function send_command(self, ...)
  local parts = { ("*%d\r\n"):format(select("#", ...)) }
  for i = 1, select("#", ...) do
    local word = tostring((select(i, ...)))
    parts[#parts + 1] = ("$%d\r\n%s\r\n"):format(#word, word)
  end
  assert(self.tcp:send(table.concat(parts)))
end

--- Sends a command and returns the response; raises an error of Redis. The
--- connection is used for nothing else.
function Server:ask(...)
  if not self.tcp then
    self.tcp = assert(socket.connect("127.0.0.1", self.port))
    self.tcp:settimeout(10)
    if self.password then
      self:ask("AUTH", self.password)
    end
  end
  send_command(self, ...)
  return read_response(self.tcp)
end

--- Sends a command without waiting for the response.
function Server:send_only(...)
  local tcp = assert(socket.connect("127.0.0.1", self.port))
  send_command({ tcp = tcp }, ...)
  tcp:close()
end

-- Life ----------------------------------------------------------------------

local function disconnect(self)
  if self.tcp then
    self.tcp:close()
    self.tcp = nil
  end
end

local function is_ready(self)
  local ok = pcall(self.ask, self, "PING")
  if not ok then
    disconnect(self)
  end
  return ok
end

local function run(self)
  local argv = {
    "redis-server", "--port", self.port, "--bind", "127.0.0.1",
    "--dir", self.dir, "--save", "", "--appendonly", "no",
    "--enable-debug-command", "yes", "--enable-protected-configs", "yes",
  }
  for _, word in ipairs(self.arguments) do
    argv[#argv + 1] = word
  end
  self.process = process.start(argv)
  local ready = process.eventually(function()
    return is_ready(self) and "ready" or not self.process:alive() and "ended"
  end, 30)
  return ready == "ready"
end

--- Starts a server and waits until it answers.
---@param arguments? string[] of redis-server; a password must be "secret"
function M.start(arguments)
  local self = setmetatable({
    arguments = arguments or {},
    dir = process.tempdir(),
  }, Server)
  for _, word in ipairs(self.arguments) do
    self.password = word == "--requirepass" and "secret" or self.password
  end
  for _ = 1, 3 do -- another program may take the free port first
    self.port = M.free_port()
    if run(self) then
      return self
    end
    self.process:stop()
  end
  local said = self.process:stdout()
  process.remove(self.dir)
  error("redis-server did not start: " .. tostring(said), 2)
end

---@param name string "STOP", "CONT"
function Server:signal(name)
  self.process:signal(name)
end

--- Stops it so that it can be started again.
function Server:halt()
  disconnect(self)
  self:signal "CONT" -- a stopped process does not react to TERM
  self.process:stop()
end

--- Starts it again, empty.
function Server:continue()
  assert(run(self), "redis-server did not start again")
end

function Server:restart()
  self:halt()
  self:continue()
end

--- Stops it for good; a second call does nothing.
function Server:stop()
  if self.dir then
    self:halt()
    process.remove(self.dir)
    self.dir = nil
  end
end

return M
