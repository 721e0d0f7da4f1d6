-- relay: passes bytes on between a client and a server, late, counts, and
-- keeps what the client sent.
--
-- Law of this file: it changes no byte. A round trip is what the client can't
-- go on without: a connection, or what it sent after the relay gave it bytes.
--
--   local relay = relays.start(server.port, 0.1)  -- seconds there and back
--   relay.port
--   relay:counts()      -- connections, round trips (connections included)
--   relay:sent()        -- every byte that clients sent, over all connections
--   relay:pause()  relay:resume()   -- a network that loses everything
--   relay:stop()
local process = require "spec.support.process"

local M = {}
local Relay = {}
Relay.__index = Relay

local function read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

--- Starts a relay to a port of this machine.
---@param port integer
---@param seconds number for a round trip
function M.start(port, seconds)
  local dir = process.tempdir()
  local lua = process.capture "command -v lua5.4 || command -v luajit"
  local self = setmetatable({ dir = dir }, Relay)
  self.process = process.start { lua, "spec/support/relay_child.lua", dir,
    tostring(port), tostring(seconds) }
  self.port = tonumber(process.eventually(function()
    return read_file(dir .. "/port")
  end))
  assert(self.port, self.process:stderr())
  return self
end

--- What it has seen so far.
---@return integer connections
---@return integer round_trips
function Relay:counts()
  local text = read_file(self.dir .. "/log") or ""
  local _, connections = text:gsub("c", "")
  return connections, #text
end

--- What clients have sent so far.
---@return string
function Relay:sent()
  return read_file(self.dir .. "/sent") or ""
end

function Relay:pause()
  self.process:signal "STOP"
end

function Relay:resume()
  self.process:signal "CONT"
end

--- Ends it; a second call does nothing.
function Relay:stop()
  if not self.dir then
    return
  end
  self:resume()
  local stderr = self.process:stderr()
  self.process:stop()
  process.remove(self.dir)
  self.dir = nil
  assert(stderr == "", stderr)
end

return M
