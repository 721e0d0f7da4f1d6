-- rawserver_child: the process behind rawserver.lua.
--
-- Law of this file: one thread, one coroutine for each connection; a coroutine
-- that would block yields what it waits for. The log is the only output.
local socket = require "socket"

local dir, key, certificate, protocol, ciphers, alpn = ...

local function load_script()
  local share = {}
  local chunk = assert(loadfile(dir .. "/script.lua"))
  return function(connection, n)
    connection.share = share
    return chunk(connection, n)
  end
end

local log_file = assert(io.open(dir .. "/log", "wb"))
log_file:setvbuf "no"

-- One write for each entry, so that a reader never sees a part of one.
local function log_connection()
  log_file:write "connection{}\n"
end

local function log_request(n, request)
  local parts = {}
  for name, value in pairs(request.headers) do
    parts[#parts + 1] = ("[%q]=%q"):format(name, value)
  end
  log_file:write(("request{connection=%d,method=%q,path=%q,body=%q,"
    .. "headers={%s}}\n"):format(n, request.method, request.path, request.body,
    table.concat(parts, ",")))
end

local Connection = {}
Connection.__index = Connection

function Connection.ok(body, headers)
  return ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s"):format(#body,
    headers or "", body)
end

-- Repeats a socket operation until it need not wait.
local waits = { timeout = "read", wantread = "read", wantwrite = "write" }

function Connection:receive(pattern)
  local text = ""
  while true do
    local data, reason, part = self.socket:receive(pattern)
    if data then
      return text .. data
    end
    text = text .. (part or "")
    if not waits[reason] then
      return nil, reason
    end
    if type(pattern) == "number" then
      pattern = pattern - #(part or "")
    end
    coroutine.yield(waits[reason])
  end
end

--- Sends all of the text. False when the peer has closed the connection.
function Connection:send(text)
  local from = 1
  while from <= #text do
    local last, reason, partial = self.socket:send(text, from)
    from = (last or partial or from - 1) + 1
    if not last then
      if not waits[reason] then
        return false
      end
      coroutine.yield(reason == "wantread" and "read" or "write")
    end
  end
  return true
end

--- Reads a whole request and logs it. Nil at the end of the input.
function Connection:request()
  local line = self:receive "*l"
  if not line then
    return nil
  end
  local request = { headers = {}, body = "" }
  request.method, request.path = line:match "^(%S+) (%S+)"
  while true do
    line = self:receive "*l"
    if not line or line == "" then
      break
    end
    local name, value = line:match "^([^:]+):%s*(.-)%s*$"
    if not name then
      return nil -- the connection ended within this line
    end
    name = name:lower()
    local before = request.headers[name]
    request.headers[name] = before and before .. "," .. value or value
  end
  local length = tonumber(request.headers["content-length"] or 0)
  if length > 0 then
    request.body = self:receive(length)
  end
  if not line or not request.body then
    return nil
  end
  log_request(self.n, request)
  return request
end

function Connection:sleep(seconds)
  coroutine.yield("sleep", socket.gettime() + seconds)
end

--- Logs a request that the script has read itself.
function Connection:log(request)
  log_request(self.n, request)
end

--- Waits until the peer closes.
function Connection:hangup()
  while self:receive(1) do end
end

function Connection:close()
  self.socket:close()
end

--- Closes without the goodbye of TLS (close_notify).
function Connection:cut()
  self.tcp:setfd(self.socket:getfd())
  self.tcp:shutdown "both" -- what TLS would send after that gets nowhere
  self.tcp:setfd(-1)
end

--- Closes with a RST.
function Connection:reset()
  local tcp = self.tcp
  tcp:setoption("linger", { on = true, timeout = 0 })
  self.socket:close()
end

local context
if key then
  context = assert(require("ssl").newcontext {
    mode = "server",
    protocol = protocol,
    key = key,
    certificate = certificate,
    ciphers = ciphers ~= "" and ciphers or nil,
    options = { "all" },
    alpn = alpn and function(offered)
      -- The first of ours that the client offers.
      for protocol_name in alpn:gmatch "[^,]+" do
        for _, other in ipairs(offered) do
          if other == protocol_name then
            return protocol_name
          end
        end
      end
    end,
  })
end

-- False when the handshake fails: the spec checks that at the client.
local function shake_hands(connection)
  local wrapped = assert(require("ssl").wrap(connection.socket, context))
  wrapped:settimeout(0)
  connection.socket = wrapped
  while true do
    local done, reason = wrapped:dohandshake()
    if done then
      return true
    end
    if not waits[reason] then
      return false
    end
    coroutine.yield(waits[reason])
  end
end

local script = load_script()
local tasks = {}

local function serve(connection)
  if not context or shake_hands(connection) then
    script(connection, connection.n)
  end
  connection:close()
end

local function accept(listener, n)
  local client = listener:accept()
  if not client then
    return n
  end
  client:settimeout(0)
  client:setoption("tcp-nodelay", true)
  log_connection()
  local connection = setmetatable({ socket = client, tcp = client,
    n = n + 1 }, Connection)
  local task = { connection = connection, thread = coroutine.create(serve) }
  tasks[#tasks + 1] = task
  task.want = "start"
  return n + 1
end

-- Runs a task until it waits again. False when it has ended.
local function run(task)
  local ok, want, until_time = coroutine.resume(task.thread, task.connection)
  if not ok then
    io.stderr:write(debug.traceback(task.thread, want), "\n")
  end
  task.want, task.until_time = want, until_time
  return coroutine.status(task.thread) ~= "dead"
end

local function is_due(task, readable, writable)
  if task.want == "start" then
    return true
  elseif task.want == "sleep" then
    return socket.gettime() >= task.until_time
  elseif task.want == "read" then
    return readable[task.connection.socket]
  end
  return writable[task.connection.socket]
end

-- The sockets that select has to watch, and for how long at most.
local function waiting(listener)
  local readers, writers, limit = { listener }, {}, 1
  for _, task in ipairs(tasks) do
    if task.want == "start" then
      limit = 0
    elseif task.want == "sleep" then
      limit = math.min(limit, math.max(0, task.until_time - socket.gettime()))
    elseif task.want == "read" then
      readers[#readers + 1] = task.connection.socket
    else
      writers[#writers + 1] = task.connection.socket
    end
  end
  return readers, writers, limit
end

local listener = assert(socket.bind("127.0.0.1", 0, 256))
listener:settimeout(0)
local port_file = assert(io.open(dir .. "/port.new", "wb"))
port_file:write((select(2, listener:getsockname())))
port_file:close()
assert(os.rename(dir .. "/port.new", dir .. "/port"))

local accepted = 0
while true do
  local readable, writable = socket.select(waiting(listener))
  accepted = accept(listener, accepted)
  for i = #tasks, 1, -1 do
    if is_due(tasks[i], readable, writable) and not run(tasks[i]) then
      table.remove(tasks, i)
    end
  end
end
