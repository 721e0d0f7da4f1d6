--- lockout_store: bad attempts, where all machines count them.
--
-- Law of this file: a page of accounts is read and written under its lock in
-- the store, for a moment; before credentials are sent their attempt stands
-- there, so that all machines count it, whatever happens to the sender. What
-- is stored is the truth, since the last holder of the lock wrote it; only
-- what could not be written then is added. In the store, times are the wall
-- clock's; a time that lies ahead counts as now.

local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"

local M = {}

local TTL = 30 * 24 * 3600 -- of the record, seconds
-- Seconds that the lock is taken for: a holder that died, or is stopped, holds
-- up the others for that long. A store may be too slow for that: after a lock
-- that was over before its page was saved it is taken for longer. Where the
-- longest was over twice, too, this process goes on alone.
local HOLDS = { 2, 8, 10, 10 }

---@class equinix.LockoutStore
---@field stored equinix.StoredRecord
---@field lease any nil where the store failed
local Lockout = {}
Lockout.__index = Lockout

--- The page that counts, of what this process knew and what is stored.
---@param known equinix.LockoutPage
---@return equinix.LockoutPage
function Lockout:merge(known)
  local now = core.now()
  local page, readable = lockout_page.decode(self.stored:read())
  if not readable then
    if self.lease and not self.stored.session.failed then
      -- The store lost it, or never had it.
      known:mark(false)
    end
    -- Without a store the results of others never come here; where it has
    -- only lost the page they do.
    known:drop_elsewhere(self.stored.session.failed and math.huge or now)
    return known
  end
  return page:moved(now - core.time(), now):join(known, now)
end

--- Gives the lock back, with nothing saved.
function Lockout:unlock()
  if self.lease then
    self.stored:unlock(self.lease)
  end
end

local function save(self, page, changed)
  local kind = "stored"
  if changed or page:is_unsaved() then
    local wall = core.time()
    local copy = page:moved(wall - core.now(), wall)
    copy:mark(true)
    copy.kept = false
    if self.stored:write(copy:encode(wall), TTL, self.lease) then
      page:mark(true)
    else
      local stored = self.stored
      stored.lapses = (stored.lapses or 0) + 1
      kind = (stored.session.failed or not HOLDS[stored.lapses + 1])
        and "alone" or "stale"
    end
  end
  return kind
end

--- Saves a page that changed and gives the lock back.
---@param page equinix.LockoutPage
---@param changed boolean
---@return "stored"|"alone"|"stale" kind alone: the store failed; stale: the
---  lock was over before, so others may have noted something else
function Lockout:release(page, changed)
  if not self.lease then
    return "alone"
  end
  local ok, kind = pcall(save, self, page, changed)
  self:unlock()
  if not ok then
    error(kind, 0)
  end
  return kind
end

--- Takes the page's lock; does not wait.
---@param stored equinix.StoredRecord
---@return equinix.LockoutStore|nil nil: another process has it
function M.acquire(stored)
  -- Made before: with the lock there may be no memory for it.
  local self = setmetatable({ stored = stored, lease = false }, Lockout)
  local lease, busy = stored:lock(HOLDS[(stored.lapses or 0) + 1]
    or HOLDS[#HOLDS])
  if not lease and not busy then
    stored.session:go_on() -- without the lock it can still be read
  end
  self.lease = lease
  return (lease or not busy) and self or nil
end

return M
