--- free_port: a port of 127.0.0.1 on which no program listens.
--
-- Law of this file: the port is not reserved, so another program may take it
-- before nginx does. To make that unlikely it is a random one, not the first,
-- and below the range that the system uses for outgoing connections.

local core = require "equinix.core"

local M = {}

local LEAST, COUNT = 20000, 12000

-- The ports in use, where the system shows them (Linux).
local function ports_in_use()
  local used = {}
  for _, path in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    local file = io.open(path, "r")
    if file then
      for port in file:read "*a":gmatch "%d+: %x+:(%x%x%x%x) " do
        used[tonumber(port, 16)] = true
      end
      file:close()
    end
  end
  return used
end

--- Finds one.
---@param except? integer a port not to return
---@return integer
function M.any(except)
  local used = ports_in_use()
  local port
  repeat
    port = LEAST + math.floor(core.random() * COUNT)
  until not used[port] and port ~= except
  return port
end

return M
