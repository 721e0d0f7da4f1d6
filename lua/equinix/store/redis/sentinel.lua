--- sentinel: the owner of every key where sentinels name the master.
--
-- Law of this file: the sentinels say where the master is, and the server has
-- to say that it is one. They are asked before each new connection, as the
-- guide for clients of Sentinel demands: a connection that is kept leads to
-- the master, or to a server that refuses writes.

local address = require "equinix.store.redis.address"
local core = require "equinix.core"
local errors = require "equinix.store.redis.errors"
local node = require "equinix.store.redis.node"
local resp = require "equinix.store.redis.resp"
local tables = require "equinix.base.table"

local M = {}

local FRESH = 1 -- seconds for which what the sentinels say holds

---@class equinix.store.redis.Sentinel
---@field settings equinix.store.redis.Settings
---@field sentinels equinix.store.redis.Node[] the one that answered last first
---@field nodes table<string, equinix.store.redis.Node> masters, by address
---@field master? equinix.store.redis.Node
---@field known_at number when the sentinels named it
local Sentinel = {}
Sentinel.__index = Sentinel

local ROLE = resp.command "ROLE"

local function is_fresh(self)
  return core.now() < self.known_at + FRESH
end

local function node_at(self, host, port)
  local at = { host = host, port = port }
  local name = address.text(at)
  local found = self.nodes[name]
  if not found then
    found = node.new(at, self.settings)
    self.nodes[name] = found
  end
  found.confirm = function()
    return is_fresh(self)
  end
  self.known_at = core.now()
  return found
end

-- Whether the server is the master; one that does not say so to this user is
-- taken for it. -> true | nil, fault
local function check_role(candidate, transport, deadline)
  local reply, fault = candidate:ask(transport, ROLE, 1, deadline)
  if reply == nil then
    return fault.name == "NOPERM" or fault.name == "ERR" or nil, fault
  elseif type(reply) ~= "table" or reply[1] ~= "master" then
    fault = errors.fault "role"
    fault.where = candidate.where
    return nil, fault
  end
  return true
end

-- What one sentinel says. -> node | nil, fault
local function named_by(self, sentinel, transport, deadline)
  local reply, fault = sentinel:ask(transport, self.question, 1, deadline)
  if reply == nil then
    if fault.name == "ERR" then
      fault = errors.fault "no_sentinel"
    end
  elseif reply == resp.null then
    fault = errors.fault "no_master"
  else
    local host, port
    if type(reply) == "table" and #reply == 2 then
      host, port = address.of_redis(tostring(reply[1]) .. ":"
        .. tostring(reply[2]))
    end
    if host and host ~= "" then
      return node_at(self, host, port)
    end
    fault = errors.fault "garbage"
  end
  fault.where = sentinel.where
  return nil, fault
end

-- The one that has just answered is asked first, one that failed last.
local function place(self, sentinel, first)
  for i, one in ipairs(self.sentinels) do
    if one == sentinel then
      table.remove(self.sentinels, i)
      break
    end
  end
  table.insert(self.sentinels, first and 1 or #self.sentinels + 1, sentinel)
end

-- Asks one sentinel after the other, until one names a server that is the
-- master. -> node | nil, fault
local function discover(self, transport, deadline)
  local fault, refused = nil, {}
  for _, sentinel in ipairs(tables.copy(self.sentinels)) do
    local found, why = named_by(self, sentinel, transport, deadline)
    local is_master = false
    if found and not refused[found] then
      refused[found] = true
      is_master, why = check_role(found, transport, deadline)
    end
    place(self, sentinel, is_master)
    if is_master then
      return found
    end
    -- What has to be repaired is worth more than what passes.
    fault = (not fault or fault.again) and why or fault
    if core.now() >= deadline then
      break
    end
  end
  return nil, fault
end

--- The master.
---@param transport table
---@param _ integer|nil
---@param deadline number on core.now()
---@return equinix.store.redis.Node|nil
---@return equinix.store.redis.Fault|nil
function Sentinel:find(transport, _, deadline)
  if self.master then
    return self.master
  end
  local found, fault = discover(self, transport, deadline)
  self.master = found
  return found, fault
end

local ELSEWHERE = { refused = true, unreachable = true, unresolved = true,
  timeout = true, closed = true, unconfirmed = true, READONLY = true,
  LOADING = true, MASTERDOWN = true, UNBLOCKED = true }

--- Learns from a failure.
---@param from equinix.store.redis.Node that failed
---@param fault equinix.store.redis.Fault
function Sentinel:failed(from, fault)
  if ELSEWHERE[fault.name] and not fault.late and self.master == from then
    self.master = nil
  end
  if fault.name == "READONLY" then
    from:reconnect()
  end
end

--- All servers that own keys.
function Sentinel:masters(transport, deadline)
  self.master = nil
  local found, fault = self:find(transport, nil, deadline)
  return found and { found }, fault
end

---@param settings equinix.store.redis.Settings
function M.new(settings)
  local self = setmetatable({ settings = settings, sentinels = {}, nodes = {},
    known_at = 0,
    question = resp.command("SENTINEL", "get-master-addr-by-name",
      settings.name) }, Sentinel)
  for i, at in ipairs(settings.nodes) do
    self.sentinels[i] = node.new(at, settings, settings.sentinel)
  end
  return self
end

return M
