-- redis_cluster: a real Redis Cluster for the specs, 3 masters each with a
-- replica, on free loopback ports.
--
--   local cluster = redis_cluster.start { timeout = 1000 } -- ms, its default
--   cluster.nodes          1 to 3 start as masters, 4 to 6 as their replicas;
--                          each is a server of support.redis, with an `id`
--   cluster:addresses(4, 6)     { "127.0.0.1:4711", ... }
--   cluster:master_of(key)      the node that serves this key's slot, its slot
--   cluster:replicas()          nodes that are replicas now
--   node:signal "STOP"  node:kill()  node:halt()
--   cluster:heal()              all nodes run again, and the cluster is whole
--   local move = cluster:migrate(slot, from, to)
--   move.keys()  move.finish()   cluster:keys(pattern)
--   cluster:sum(f)              adds up what f(node) returns
--   cluster:stop()
--
-- Law of this file: every node knows all others from its first moment, by a
-- nodes.conf that is written here, since nodes that have to meet take much
-- longer; two seconds pass until a new cluster takes commands. Words for
-- redis-server, `tls` and `mutual` are those of support.redis.
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local M = {}
local Cluster = {}
Cluster.__index = Cluster

local SLOTS = { "0-5460", "5461-10922", "10923-16383" }
local PATIENT = 60

local function node_id(i)
  return ("%040d"):format(i)
end

-- The nodes.conf of node `me`: ports[i], and ports[i + 6] for the cluster bus.
local function nodes_conf(me, ports)
  local lines = {}
  for i = 1, 6 do
    local of = (i - 1) % 3 + 1
    local role = i > 3 and "slave " .. node_id(of) or "master -"
    lines[i] = ("%s 127.0.0.1:%d@%d %s%s 0 0 %d connected%s\n"):format(
      node_id(i), ports[i], ports[i + 6], i == me and "myself," or "", role,
      of, i <= 3 and " " .. SLOTS[i] or "")
  end
  lines[#lines + 1] = "vars currentEpoch 6 lastVoteEpoch 0\n"
  return table.concat(lines)
end

local function options_of(options, i, ports)
  local o = {
    "--cluster-enabled", "yes", "--cluster-port", ports[i + 6],
    "--cluster-node-timeout", options.timeout or 1000,
    "--cluster-replica-validity-factor", 0,
    "--repl-diskless-sync-delay", 0,
    port = ports[i], tls = options.tls, name = options.name,
    mutual = options.mutual,
    files = { ["nodes.conf"] = nodes_conf(i, ports) },
  }
  if options.tls then
    o[#o + 1], o[#o + 2] = "--tls-cluster", "yes"
    o[#o + 1], o[#o + 2] = "--tls-replication", "yes"
  end
  for _, word in ipairs(options) do
    o[#o + 1] = word
  end
  return o
end

-- Its own view is whole: every node is linked, none fails, all slots are
-- served.
local function is_whole(node)
  local info = node:try("CLUSTER", "INFO")
  local nodes = info and node:try("CLUSTER", "NODES")
  return nodes and info:find "cluster_state:ok"
    and not nodes:find "fail" and not nodes:find "disconnected"
    and select(2, nodes:gsub(" slave ", "")) + select(2,
      nodes:gsub(",slave ", "")) == 3
    and (node:info "role" == "master"
      or node:info "master_link_status" == "up")
end

local function wait(self)
  return process.eventually(function()
    for _, node in ipairs(self.nodes) do
      if not node:alive() then
        return "ended"
      elseif not is_whole(node) then
        return nil
      end
    end
    return "whole"
  end, PATIENT) == "whole"
end

local function try(options)
  local ports = redis.free_ports(12)
  local self = setmetatable({ nodes = {} }, Cluster)
  for i = 1, 6 do
    self.nodes[i] = redis.new(options_of(options, i, ports))
    self.nodes[i].id = node_id(i)
    self.nodes[i]:launch()
  end
  if wait(self) then
    return self
  end
  local said = {}
  for i, node in ipairs(self.nodes) do
    said[i] = (node.process:stdout() or ""):sub(-500)
  end
  self:stop()
  return nil, table.concat(said, "\n")
end

--- Starts one and waits until it takes commands.
---@param options? table timeout: the cluster-node-timeout in ms; see above
function M.start(options)
  local self, said
  for _ = 1, 3 do -- another program may take a free port first
    self, said = try(options or {})
    if self then
      return self
    end
  end
  error("the cluster did not start: " .. said, 2)
end

--- Addresses of these nodes, by number; of all without an argument.
---@return string[]
function Cluster:addresses(...)
  local list = {}
  for _, i in ipairs(... and { ... } or { 1, 2, 3, 4, 5, 6 }) do
    list[#list + 1] = "127.0.0.1:" .. self.nodes[i].port
  end
  return list
end

-- Views ---------------------------------------------------------------------

local function by_port(self, port)
  for _, node in ipairs(self.nodes) do
    if node.port == port then
      return node
    end
  end
end

-- A node that answers and is not cut off.
local function healthy(self)
  for _, node in ipairs(self.nodes) do
    local info = node:alive() and not node.paused
      and node:try("CLUSTER", "INFO")
    if info and info:find "cluster_state:ok" then
      return node
    end
  end
end

--- The node that serves a slot, as a healthy node sees it; nil while the
--- cluster is down.
---@param slot integer
function Cluster:master_of_slot(slot)
  local node = healthy(self)
  for _, range in ipairs(node and node:try("CLUSTER", "SLOTS") or {}) do
    if slot >= range[1] and slot <= range[2] then
      return by_port(self, range[3][2])
    end
  end
end

--- The node that serves a key, and the key's slot; nil while it is down.
function Cluster:master_of(key)
  local node = healthy(self)
  local slot = node and node:try("CLUSTER", "KEYSLOT", key)
  if slot then
    return self:master_of_slot(slot), slot
  end
end

--- Nodes by what they say of themselves: "master" or "slave".
function Cluster:with_role(role)
  local list = {}
  for _, node in ipairs(self.nodes) do
    if node:alive() and not node.paused and node:info "role" == role then
      list[#list + 1] = node
    end
  end
  return list
end

function Cluster:replicas()
  return self:with_role "slave"
end

--- Adds up what f returns for every node that answers.
---@param f fun(node: table): number|nil
function Cluster:sum(f)
  local sum = 0
  for _, node in ipairs(self.nodes) do
    if node:alive() and not node.paused then
      sum = sum + (f(node) or 0)
    end
  end
  return sum
end

--- All keys on the masters, sorted.
---@param pattern? string of KEYS
function Cluster:keys(pattern)
  local all = {}
  for _, node in ipairs(self:with_role "master") do
    for _, key in ipairs(node:ask("KEYS", pattern or "*")) do
      all[#all + 1] = key
    end
  end
  table.sort(all)
  return all
end

-- Changes -------------------------------------------------------------------

--- Begins to move a slot: from now on ASK. `keys()` moves what rests there,
--- `finish()` gives the slot to its new node: from now on MOVED.
function Cluster:migrate(slot, from, to)
  to:ask("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id)
  from:ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id)
  local move = {}
  function move.keys()
    local keys = from:ask("CLUSTER", "GETKEYSINSLOT", slot, 1000)
    for _, key in ipairs(keys) do
      from:ask("MIGRATE", "127.0.0.1", to.port, key, 0, 5000)
    end
    return #keys
  end
  function move.finish()
    while move.keys() > 0 do end
    for _, node in ipairs { to, from } do
      node:ask("CLUSTER", "SETSLOT", slot, "NODE", to.id)
    end
    for _, node in ipairs(self:with_role "master") do
      node:ask("CLUSTER", "SETSLOT", slot, "NODE", to.id)
    end
  end
  return move
end

--- Stops a node by signal as a hanging machine would; heal continues it.
function Cluster:pause(node)
  node.paused = true
  node:signal "STOP"
end

--- Empties every master.
function Cluster:flush()
  for _, node in ipairs(self:with_role "master") do
    node:ask "FLUSHALL"
  end
end

--- Has all nodes run again and waits until the cluster is whole.
function Cluster:heal()
  for _, node in ipairs(self.nodes) do
    if node.paused then
      node:disconnect()
      node:signal "CONT"
      node.paused = nil
    end
    if not node:alive() then
      node:launch()
    end
  end
  assert(wait(self), "the cluster did not become whole again")
end

--- Stops all nodes for good.
function Cluster:stop()
  for _, node in ipairs(self.nodes) do
    if node.process then
      node:signal "CONT"
      node:signal "KILL" -- nothing of it is needed, so at once
    end
  end
  for _, node in ipairs(self.nodes) do
    node:stop()
  end
end

return M
