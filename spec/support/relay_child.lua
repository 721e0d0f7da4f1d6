-- relay_child: the process behind relay.lua.
--
-- Law of this file: bytes leave in the order in which they came, half a round
-- trip later; the first ones of a client a whole one later still, since a
-- connection takes one. The log has a "c" for a connection and an "f" for what
-- a client sent after it had been given bytes, or at first. What clients sent
-- is kept in another file, as it came.
local socket = require "socket"

local dir, port, seconds = ...
local half = tonumber(seconds) / 2

local log = assert(io.open(dir .. "/log", "wb"))
log:setvbuf "no"
local sent = assert(io.open(dir .. "/sent", "wb"))
sent:setvbuf "no"

local listener = assert(socket.bind("127.0.0.1", 0, 256))
listener:settimeout(0)
local ends = {} -- by socket: {socket=, other=, queue=, ready=, is_client=}

local function new_end(of, is_client)
  of:settimeout(0)
  of:setoption("tcp-nodelay", true)
  local it = { socket = of, queue = {}, is_client = is_client }
  ends[of] = it
  return it
end

local function accept()
  local client = listener:accept()
  if client then
    local server = socket.connect("127.0.0.1", tonumber(port))
    if not server then
      return client:close()
    end
    local one, two = new_end(client, true), new_end(server, false)
    one.other, two.other = two, one
    one.quiet, one.connected = true, socket.gettime() + 2 * half
    log:write "c"
  end
end

-- What `one` has sent goes into the queue of the other end; nil: its end.
local function read(one)
  local bytes, reason, part = one.socket:receive(65536)
  bytes = bytes or part
  local now = socket.gettime()
  local due = math.max(now, one.connected or now) + half
  if #bytes > 0 then
    if one.is_client then
      sent:write(bytes)
    end
    if one.is_client and one.quiet then
      one.quiet = false
      log:write "f"
    end
    table.insert(one.other.queue, { due = due, bytes = bytes })
  elseif reason == "closed" then
    one.over = true
    table.insert(one.other.queue, { due = due })
  end
end

local function close(one)
  for _, it in ipairs { one, one.other } do
    it.socket:close()
    ends[it.socket] = nil
  end
end

-- Sends what is due to this end.
local function write(one, now)
  while one.queue[1] and one.queue[1].due <= now do
    local first = one.queue[1]
    if not first.bytes then
      return close(one)
    end
    local last, reason, partial = one.socket:send(first.bytes)
    if not last and reason == "closed" then
      return close(one)
    end
    one.quiet = true
    first.bytes = first.bytes:sub((last or partial) + 1)
    if first.bytes ~= "" then
      return
    end
    table.remove(one.queue, 1)
  end
end

-- The sockets to read from, and for how long to wait at most.
local function waiting(now)
  local readers, limit = { listener }, 1
  for of, one in pairs(ends) do
    if not one.over then
      readers[#readers + 1] = of
    end
    if one.queue[1] then
      limit = math.min(limit, math.max(0.001, one.queue[1].due - now))
    end
  end
  return readers, limit
end

local file = assert(io.open(dir .. "/port.new", "wb"))
file:write((select(2, listener:getsockname())))
file:close()
assert(os.rename(dir .. "/port.new", dir .. "/port"))

while true do
  local readers, limit = waiting(socket.gettime())
  for _, of in ipairs(socket.select(readers, nil, limit)) do
    if of == listener then
      accept()
    elseif ends[of] then
      read(ends[of])
    end
  end
  local now, list = socket.gettime(), {}
  for _, one in pairs(ends) do
    list[#list + 1] = one
  end
  for _, one in ipairs(list) do
    if ends[one.socket] then
      write(one, now)
    end
  end
end
