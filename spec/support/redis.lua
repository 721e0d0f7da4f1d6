-- redis: a real redis-server for the specs, on a free loopback port.
--
--   local missing = redis.missing()          -- a reason to skip, or nil
--   local server = redis.start { "--requirepass", "secret" }
--   server.port
--   server:ask("SET", "k", "v")              -- as redis-cli would; raises
--   server:restart()                         -- same port, no data
--   server:signal "STOP"   server:kill()   server:stop()
--
-- Beside words for redis-server the table may have
--   tls      what certificates.make returned: the port speaks TLS only
--   name     which of these certificates, "good"
--   mutual   true: clients need a certificate, too
--   files    { ["nodes.conf"] = "..." } to be in its directory at first
--   port     a free one, found with free_ports
--   sentinel true: it is a sentinel, whose file is sentinel.conf
-- `ask` goes over a Unix socket where the port speaks TLS: server.path.
--
-- Law of this file: it has its own client of Redis and uses nothing that is
-- under test. It writes nothing outside a directory of its own.
local ports = require "spec.support.ports"
local process = require "spec.support.process"
local socket = require "socket"
local new_unix_socket = require "socket.unix"

local M = {}
local Server = {}
Server.__index = Server

--- The reason why specs with Redis can't run here, or nil.
---@return string|nil
function M.missing()
  local _, code = process.capture "command -v redis-server >/dev/null"
  if code ~= 0 then
    return "needs redis-server"
  end
end

M.free_ports = ports.free

--- A loopback port on which no server listens.
---@return integer
function M.free_port()
  return M.free_ports(1)[1]
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

local function connect(self)
  if not self.path then
    return assert(socket.connect("127.0.0.1", self.port))
  end
  local stream = assert(new_unix_socket())
  assert(stream:connect(self.path))
  return stream
end

--- Sends a command and returns the response; raises an error of Redis. The
--- connection is used for nothing else.
function Server:ask(...)
  if not self.tcp then
    self.tcp = connect(self)
    self.tcp:settimeout(60)
    if self.password then
      self:ask("AUTH", self.password)
    end
  end
  send_command(self, ...)
  return read_response(self.tcp)
end

--- The same, but nil and the message instead of an error. After a time-out or
--- a lost connection the next command begins with a new one.
function Server:try(...)
  local ok, value = pcall(self.ask, self, ...)
  if ok then
    return value
  elseif not tostring(value):find "^%u+ " then
    self:disconnect()
  end
  return nil, value
end

--- A field of INFO, such as "master_link_status", or nil.
function Server:info(field)
  -- Again, since a failover closes the connections of clients.
  local text = self:try("INFO", "everything")
    or self:try("INFO", "everything") or ""
  return ("\n" .. text):match("\n" .. field .. ":([^\r\n]*)")
end

--- Sends a command without waiting for the response.
function Server:send_only(...)
  local tcp = connect(self)
  send_command({ tcp = tcp }, ...)
  tcp:close()
end

-- Life ----------------------------------------------------------------------

function Server:disconnect()
  if self.tcp then
    self.tcp:close()
    self.tcp = nil
  end
end

function Server:is_ready()
  return self:try "PING" ~= nil
end

-- The words for where it listens and for TLS.
local function listening(self)
  local o = self.options
  if not o.tls then
    return { "--port", self.port }
  end
  local pair = o.tls[o.name or "good"]
  return {
    "--port", 0, "--tls-port", self.port, "--unixsocket", self.path,
    "--tls-cert-file", pair.certificate, "--tls-key-file", pair.key,
    "--tls-ca-cert-file", o.tls.ca_file,
    "--tls-auth-clients", o.mutual and "yes" or "no",
  }
end

local SERVER = {
  "redis-server", "--save", "", "--appendonly", "no",
  "--enable-debug-command", "yes", "--enable-protected-configs", "yes",
  "--shutdown-timeout", 0, -- no wait for replicas
}

--- Starts the process and does not wait for it.
function Server:launch()
  local first = SERVER
  if self.options.sentinel then
    first = { "redis-server", self.dir .. "/sentinel.conf", "--sentinel" }
  end
  local argv = {}
  for _, list in ipairs { first, { "--bind", "127.0.0.1", "--dir", self.dir },
    listening(self), self.options } do
    for _, word in ipairs(list) do
      argv[#argv + 1] = word
    end
  end
  self.process = process.start(argv)
end

local function run(self)
  self:launch()
  local ready = process.eventually(function()
    return self:is_ready() and "ready" or not self.process:alive() and "ended"
  end, 30)
  return ready == "ready"
end

--- A server that is not started yet.
---@param options? table see above; a password must be "secret"
function M.new(options)
  options = options or {}
  local self = setmetatable({
    options = options,
    dir = process.tempdir(),
    port = options.port,
  }, Server)
  self.path = options.tls and self.dir .. "/socket"
  for name, text in pairs(options.files or {}) do
    local file = assert(io.open(self.dir .. "/" .. name, "wb"))
    assert(file:write(text))
    file:close()
  end
  for _, word in ipairs(options) do
    self.password = word == "--requirepass" and "secret" or self.password
  end
  return self
end

--- Starts a server and waits until it answers.
---@param options? table see above
function M.start(options)
  local self = M.new(options)
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

--- Whether the process is there, stopped by a signal or not.
function Server:alive()
  return self.process ~= nil and self.process:alive()
end

--- Stops it so that it can be started again.
function Server:halt()
  self:disconnect()
  if self.process then
    self:signal "CONT" -- a stopped process does not react to TERM
    self.process:stop()
  end
end

--- Ends it as a power cut would.
function Server:kill()
  self:disconnect()
  self:signal "KILL"
  self.process:wait()
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
