--- free_port: a port of 127.0.0.1 that nobody listens on.
--
-- Law of this file: nobody keeps it for us until nginx has it. So it is a
-- random one rather than the first, and below the range that the system gives
-- to outgoing connections.

local core = require "equinix.core"

local M = {}

local LEAST, COUNT = 20000, 12000

-- The ports in use, where the system shows them (Linux).
local function in_use()
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
---@param but? integer not this one
---@return integer
function M.any(but)
  local used = in_use()
  local port
  repeat
    port = LEAST + math.floor(core.random() * COUNT)
  until not used[port] and port ~= but
  return port
end

return M
