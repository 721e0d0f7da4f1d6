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
local function step(self, op, key)
  self.ops[#self.ops + 1] = op
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

function Store:load(key)
  local reason = step(self, "load", key)
  local found = not reason and self.data.records[key]
  if found and found.ends > core.time() then
    return found.bytes, found.ends - core.time()
  end
  return nil, reason
end

function Store:save(key, bytes, ttl, lease)
  local reason = step(self, "save", key)
  if reason then
    return nil, reason
  elseif lease.key ~= key or holder(self, key) ~= lease then
    return nil, "stale"
  end
  self.data.records[key] = { bytes = bytes, ends = core.time() + ttl }
  return true
end

function Store:lock(key, ttl)
  local reason = step(self, "lock", key)
  if reason then
    return nil, reason
  elseif holder(self, key) then
    return nil, "busy"
  end
  local lease = { key = key, ends = core.time() + ttl }
  self.data.locks[key] = lease
  return lease
end

function Store:unlock(lease)
  local reason = step(self, "unlock", lease.key)
  if reason then
    return nil, reason
  elseif self.data.locks[lease.key] == lease then
    self.data.locks[lease.key] = nil
  end
  return true
end

function Store:delete(key)
  local reason = step(self, "delete", key)
  if reason then
    return nil, reason
  end
  self.data.records[key] = nil
  return true
end

--- The names of all records that begin with a prefix.
function Store:names(prefix)
  local names = {}
  for name in pairs(self.data.records) do
    if name:sub(1, #prefix) == prefix then
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
  }, Store)
end

return M
