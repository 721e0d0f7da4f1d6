--- alone: the owner of every key where there is one server.
--
-- Law of this file: it is one of three that find the owner of a key (cluster,
-- sentinel). It knows nothing of keys.
--
--   owner:find(transport, slot, deadline) -> node | nil, fault
--   owner:failed(node, fault, slot)     what to make of it: fault.again: look
--                                       again; fault.now: without a pause;
--                                       fault.to, fault.asking: there
--   owner:masters(transport, deadline)  -> nodes | nil, fault

local node = require "equinix.store.redis.node"

local M = {}

local Alone = {}
Alone.__index = Alone

--- The owner of a key.
---@return equinix.store.redis.Node
function Alone:find()
  return self.node
end

--- Learns from a failure.
---@param _ equinix.store.redis.Node
---@param fault equinix.store.redis.Fault
function Alone:failed(_, fault)
  if fault.name == "READONLY" or fault.name == "MASTERDOWN" then
    self.node:reconnect() -- its name may lead to the new master
  end
end

--- All servers that own keys.
---@return equinix.store.redis.Node[]
function Alone:masters()
  return { self.node }
end

---@param settings equinix.store.redis.Settings
function M.new(settings)
  return setmetatable({ node = node.new(settings.nodes[1], settings) }, Alone)
end

return M
