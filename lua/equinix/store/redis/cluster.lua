--- cluster: the owner of a key in a Redis Cluster.
--
-- Law of this file: what the nodes say of the slots is believed until one of
-- them says otherwise, or does not answer. While a failover is under way the
-- other nodes go on naming the dead master: a node that has just failed is not
-- asked again for a moment, whichever node names it. That means to wait, and
-- to look again.

local address = require "equinix.store.redis.address"
local core = require "equinix.core"
local errors = require "equinix.store.redis.errors"
local node = require "equinix.store.redis.node"
local resp = require "equinix.store.redis.resp"
local slots = require "equinix.store.redis.slots"

local M = {}

local DEAD = 1 -- seconds in which a node that failed is not asked again
local MAX_ASKED = 8 -- nodes that are asked for the slots, at a time
local MAX_NODES = 2048
local MAX_SLOT = slots.COUNT - 1

---@class equinix.store.redis.Cluster
---@field settings equinix.store.redis.Settings
---@field nodes table<string, equinix.store.redis.Node> by their addresses
---@field seeds equinix.store.redis.Node[]
---@field ranges? {from: integer, to: integer, node: table}[]
---@field all equinix.store.redis.Node[] that the cluster has
---@field moved table<integer, equinix.store.redis.Node> by slot
---@field dead table<equinix.store.redis.Node, number> since when
---@field last table<equinix.store.redis.Node, table> the fault of a dead one
---@field stale boolean what is known of the slots is out of date
local Cluster = {}
Cluster.__index = Cluster

local function node_at(self, host, port)
  local at = { host = host, port = port }
  local name = address.text(at)
  if not self.nodes[name] then
    self.nodes[name] = node.new(at, self.settings)
  end
  return self.nodes[name]
end

local function is_dead(self, candidate)
  local since = self.dead[candidate]
  return since and core.now() < since + DEAD or false
end

-- What the nodes say of the slots --------------------------------------------

-- One entry of CLUSTER SLOTS, {host, port, id, ...}, as that node names it.
local function read_node(self, entry, told_by)
  local host, port = entry[1], tonumber(entry[2])
  if host == "?" or not port or port < 1 or port > 65535 then
    return nil
  elseif host == "" or host == resp.null then
    host = told_by.at.host
  end
  return type(host) == "string" and address.of_redis(host .. ":" .. port)
    and node_at(self, host, port) or nil
end

-- -> ranges, nodes | nil for what is no answer to CLUSTER SLOTS
local function read_slots(self, reply, told_by)
  local ranges, all, seen = {}, {}, {}
  for _, range in ipairs(type(reply) == "table" and reply or {}) do
    range = type(range) == "table" and range or {}
    local from, to = range[1], range[2]
    if type(from) ~= "number" or type(to) ~= "number" or from < 0
      or to > MAX_SLOT then
      return nil
    end
    for i = 3, #range do
      local found = type(range[i]) == "table"
        and read_node(self, range[i], told_by)
      if found and not seen[found] and #all < MAX_NODES then
        seen[found], all[#all + 1] = true, found
      end
      if found and i == 3 then
        ranges[#ranges + 1] = { from = from, to = to, node = found }
      end
    end
  end
  return ranges, all
end

-- Whom to ask: what the cluster has, then the seeds; those that have failed
-- last. Each process begins somewhere else.
local function candidates(self)
  local list, seen, late = {}, {}, {}
  for _, group in ipairs { self.all, self.seeds } do
    local first = math.floor(core.random() * #group)
    for i = 0, #group - 1 do
      local one = group[(first + i) % #group + 1]
      if not seen[one] then
        seen[one] = true
        local target = is_dead(self, one) and late or list
        target[#target + 1] = one
      end
    end
  end
  for _, one in ipairs(late) do
    list[#list + 1] = one
  end
  return list
end

-- A fault that passes is worth less than one that has to be repaired.
local function worse(fault, other)
  return (not fault or fault.again) and other or fault
end

local QUESTION = resp.command("CLUSTER", "SLOTS")
-- Bytes: each slot may be a range of its own, with some nodes.
local MAX_ANSWER = 16 * 1024 * 1024

-- Asks one node after the other. -> true | nil, fault
local function refresh(self, transport, deadline)
  local fault
  for i, one in ipairs(candidates(self)) do
    local reply, why = one:ask(transport, QUESTION, 1, deadline, nil,
      MAX_ANSWER)
    local ranges, all
    if reply ~= nil then
      ranges, all = read_slots(self, reply, one)
      if not ranges then
        why = errors.fault "garbage"
      elseif #ranges == 0 then -- it was reset, or has met no other yet
        why = errors.fault "no_owner"
      end
    end
    if not why then
      self.ranges, self.all, self.moved = ranges, all, {}
      self.stale = false
      return true
    end
    why.where = why.where or one.where
    if why.again and not (why.late or why.short) then
      self.dead[one], self.last[one] = core.now(), why
    end
    fault = worse(fault, why)
    if i >= MAX_ASKED or core.now() >= deadline then
      break
    end
  end
  return nil, fault
end

local function owner_of(self, slot)
  if self.moved[slot] then
    return self.moved[slot]
  end
  for _, range in ipairs(self.ranges) do
    if slot >= range.from and slot <= range.to then
      return range.node
    end
  end
end

-- The port -------------------------------------------------------------------

--- The owner of a slot.
---@param transport table
---@param slot integer
---@param deadline number on core.now()
---@return equinix.store.redis.Node|nil
---@return equinix.store.redis.Fault|nil
function Cluster:find(transport, slot, deadline)
  if not self.ranges or self.stale then
    local done, fault = refresh(self, transport, deadline)
    if not done and (not self.ranges or not fault.again) then
      return nil, fault
    end
  end
  local owner = owner_of(self, slot)
  if not owner then
    self.stale = true
    local fault = errors.fault "no_owner"
    fault.where = self.seeds[1].where
    return nil, fault
  elseif is_dead(self, owner) then
    self.stale = true
    return nil, self.last[owner]
  end
  return owner
end

local NO_ANSWER = { refused = true, unreachable = true, unresolved = true,
  timeout = true, closed = true }
local NO_MASTER = { CLUSTERDOWN = true, READONLY = true, MASTERDOWN = true,
  LOADING = true }

-- Where a MOVED or an ASK leads to.
local function redirect(self, from, fault)
  local to = fault.host and node_at(self,
    fault.host ~= "" and fault.host or from.at.host, fault.port)
  if not to then
    return
  end
  fault.again = true
  if fault.name == "MOVED" then
    self.stale = true
  end
  if is_dead(self, to) then
    return -- the vote is not over
  elseif fault.name == "MOVED" and fault.slot then
    self.moved[fault.slot] = to
  end
  fault.to, fault.asking, fault.now = to, fault.name == "ASK", true
end

--- Learns from a failure.
---@param from equinix.store.redis.Node that failed
---@param fault equinix.store.redis.Fault
function Cluster:failed(from, fault)
  if fault.name == "MOVED" or fault.name == "ASK" then
    redirect(self, from, fault)
  elseif fault.late then
    return -- it was not asked
  elseif NO_ANSWER[fault.name] and not fault.kept then
    if not fault.short then -- others have time to wait for it
      self.dead[from], self.last[from] = core.now(), fault
    end
    self.stale, fault.again = true, true
  elseif NO_MASTER[fault.name] then
    self.stale = true
  end
end

--- All nodes that own slots.
---@param transport table
---@param deadline number
---@return equinix.store.redis.Node[]|nil
---@return equinix.store.redis.Fault|nil
function Cluster:masters(transport, deadline)
  local done, fault = refresh(self, transport, deadline)
  if not done then
    return nil, fault
  end
  local list, seen = {}, {}
  for _, range in ipairs(self.ranges) do
    if not seen[range.node] then
      seen[range.node], list[#list + 1] = true, range.node
    end
  end
  return list
end

---@param settings equinix.store.redis.Settings
function M.new(settings)
  local self = setmetatable({ settings = settings, nodes = {}, seeds = {},
    all = {}, moved = {}, stale = false,
    dead = setmetatable({}, { __mode = "k" }),
    last = setmetatable({}, { __mode = "k" }) }, Cluster)
  for i, at in ipairs(settings.nodes) do
    self.seeds[i] = node_at(self, at.host, at.port)
  end
  return self
end

return M
