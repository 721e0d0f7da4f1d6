--- place: a record in a store and its lock, as one leader uses them.
--
-- Law of this file: a lock that can be extended is taken for a short time, and
-- extended as long as its holder is at work; only then the others soon find
-- that a leader died. What is saved is saved with the lock; after a save that
-- was stale the lock is another's.

local core = require "equinix.core"
local record = require "equinix.tokens.record"

local M = {}

--- Seconds for which a lock is taken that can be extended.
M.LEASE = 10

---@class equinix.Place
---@field stored equinix.StoredRecord
---@field record table as it was read last
---@field ttl number seconds that the store still keeps it
---@field lease any nil: the lock is not ours
---@field seconds number for which the lock is taken
---@field every? number seconds between two extensions
---@field began number wall clock: what is newer came while the leader waited
---@field seen? number|false when the error came that was there at first
---@field private due? number on core.now(), for the next extension
local Place = {}
Place.__index = Place

--- Reads the record. The store's own clock is a second opinion on how long it
--- is of use.
---@return boolean whether the store could say
function Place:read()
  local text, ttl = self.stored:read()
  self.record = text and record.decode(text) or {}
  self.ttl = tonumber(ttl) or math.huge
  return not self.stored.session.failed
end

--- Reads what is there before its leader has tried anything.
function Place:first_read()
  self:read()
  self.seen = self.record.failed or false
end

--- Whether its error came after that.
---@return boolean
function Place:is_new()
  local failed = self.record.failed
  if self.seen == nil then
    return type(failed) == "number" and failed >= self.began
  end
  return (failed or false) ~= self.seen
end

--- Takes the lock; does not wait.
---@return boolean|nil taken
---@return "busy"|nil why nil: the store failed
function Place:take()
  local lease, busy = self.stored:lock(self.seconds)
  self.lease = lease or false
  self.due = self.every and core.now() + self.every or false
  return lease and true, busy
end

--- Extends the lock, when it is time for that.
function Place:keep()
  local now = core.now()
  if self.lease and self.due and now >= self.due then
    local _, stale = self.stored:extend(self.lease, self.seconds)
    self.due = not stale and core.now() + self.every or false
  end
end

--- Saves a record, with the lock.
---@param changed table
---@return boolean saved
function Place:save(changed)
  local text, ttl = record.encode(changed, core.time())
  if not self.lease or ttl <= 0 then
    return false
  end
  local saved, stale = self.stored:write(text, ttl, self.lease)
  if stale then
    self.lease = false
  elseif saved then
    self.record = changed
  end
  return saved
end

--- Saves a record that was there before, unless its token was forgotten
--- meanwhile.
---@param before table
function Place:restore(before)
  self:read()
  if self.record.token then
    self:save(before)
  end
end

--- Deletes a token that was saved with the lock, as long as no other process
--- can have saved one since.
---@param fields equinix.Token
function Place:drop(fields)
  if self.lease and self.record.token == fields then
    self.stored:drop()
  end
end

--- Gives the lock back. Doing it again does nothing.
function Place:release()
  if self.lease then
    self.stored:unlock(self.lease)
    self.lease = false
  end
end

--- A place in a store.
---@param stored equinix.StoredRecord
---@param transport table the port
---@param seconds number that a leader may take
---@return equinix.Place
function M.new(stored, transport, seconds)
  local every
  -- A transport that was made of another may know nothing of `meanwhile`.
  if stored.session.store.extend and transport.meanwhile
    and transport.meanwhile == transport.send then
    seconds = math.min(M.LEASE, seconds)
    every = seconds / 3
  end
  -- With all its fields: with the lock there may be no memory for one more.
  return setmetatable({ stored = stored, seconds = seconds, every = every,
    record = {}, ttl = math.huge, began = core.time(), lease = false,
    due = false }, Place)
end

return M
