-- ports: free loopback ports, for servers that are told their port.
--
-- Law of this file: a port is not reserved, so another program could take it
-- before the server does, or while that is restarted. They are random ones
-- below the range that the system uses for connections and for servers that
-- let it choose, so that this is unlikely.
local free_port = require "equinix.supervisor.free_port"
local socket = require "socket"

local M = {}

--- Loopback ports on which no server listens, each another one.
---@param n integer
---@return integer[]
function M.free(n)
  local listeners, ports = {}, {}
  while #ports < n do
    local port = free_port.any()
    local listener = socket.bind("127.0.0.1", port)
    if listener then
      listeners[#listeners + 1], ports[#ports + 1] = listener, port
    end
  end
  for _, listener in ipairs(listeners) do
    listener:close()
  end
  return ports
end

return M
