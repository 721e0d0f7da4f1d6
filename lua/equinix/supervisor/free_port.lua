--- free_port: a port of 127.0.0.1 on which no program listens.
--
-- Law of this file: the port is not reserved, so another program may take it
-- before nginx does. To make that unlikely it is a random one, not the first,
-- and below the range that the system uses for outgoing connections.

local core = require "equinix.core"
local file = require "equinix.base.file"

local M = {}

local LEAST, COUNT = 20000, 12000

--- What the system says of all its sockets, where it does (Linux).
---@return string
function M.sockets()
  local texts = {}
  for _, path in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    texts[#texts + 1] = file.read(path)
  end
  return table.concat(texts)
end

--- Finds one.
---@param except? integer a port not to return
---@param sockets? string what `sockets` returned a moment ago
---@return integer
function M.any(except, sockets)
  sockets = sockets or M.sockets()
  local port
  repeat -- a port of the other end of a connection is passed over, too
    port = LEAST + math.floor(core.random() * COUNT)
  until port ~= except
    and not sockets:find((":%04X "):format(port), 1, true)
  return port
end

return M
