--- memory_store: a store in a table, for specs that inspect it. It is also the
-- shortest possible store: it does what a user's own store has to do, and no
-- more.
--
-- Two stores on one `data` act like two processes on one Redis. Times are on
-- the wall clock, as in every store.

local core = require "equinix.core"

local M = {}

local Store = {}
Store.__index = Store

local function check(key)
  assert(key:find "^[%w_][%w_.-]*$" and #key <= 128, "a bad key")
end

-- Logs the step; returns the reason it is to fail with, or nil.
local function step(self, op, key, seconds)
  self.ops[#self.ops + 1] = op
  self.left[#self.left + 1] = seconds or "?"
  check(key)
  local reason = self.broken[op]
  if reason == "raise" then
    error "raised by the store"
  end
  return reason
end

local function holder(self, key)
  local lease = self.data.locks[key]
  return lease and lease.ends > core.time() and lease or nil
end

function Store:load(key, seconds)
  local reason = step(self, "load", key, seconds)
  local found = not reason and self.data.records[key]
  if found and found.ends > core.time() then
    return found.bytes, found.ends - core.time()
  end
  return nil, reason
end

function Store:save(key, bytes, ttl, lease, seconds)
  local reason = step(self, "save", key, seconds)
  if reason then
    return nil, reason
  elseif lease.key ~= key or holder(self, key) ~= lease then
    return nil, "stale"
  end
  self.data.records[key] = { bytes = bytes, ends = core.time() + ttl }
  return true
end

function Store:lock(key, ttl, seconds)
  local reason = step(self, "lock", key, seconds)
  if reason then
    return nil, reason
  elseif holder(self, key) then
    return nil, "busy"
  end
  local lease = { key = key, ends = core.time() + ttl }
  self.data.locks[key] = lease
  return lease
end

function Store:extend(lease, ttl, seconds)
  local reason = step(self, "extend", lease.key, seconds)
  if reason then
    return nil, reason
  elseif holder(self, lease.key) ~= lease then
    return nil, "stale"
  end
  lease.ends = core.time() + ttl
  return true
end

function Store:unlock(lease, seconds)
  local reason = step(self, "unlock", lease.key, seconds)
  if reason then
    return nil, reason
  elseif self.data.locks[lease.key] == lease then
    self.data.locks[lease.key] = nil
  end
  return true
end

function Store:delete(key, seconds)
  local reason = step(self, "delete", key, seconds)
  if reason then
    return nil, reason
  end
  self.data.records[key] = nil
  return true
end

--- The names of all records that have this in them.
function Store:names(part)
  local names = {}
  for name in pairs(self.data.records) do
    if name:find(part, 1, true) then
      names[#names + 1] = name
    end
  end
  return names
end

--- The steps since the last call, in one line.
function Store:steps()
  local text = table.concat(self.ops, " ")
  self.ops = {}
  return text
end

--- Makes one.
---@param data? table of another store, to share
function M.new(data)
  return setmetatable({
    data = data or { records = {}, locks = {} },
    broken = {}, -- step = the reason it fails with, or "raise"
    ops = {},
    left = {}, -- the seconds that each step was given
  }, Store)
end

return M
