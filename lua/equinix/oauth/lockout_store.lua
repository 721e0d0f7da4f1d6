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
local HOLD = 10 -- seconds that the lock is needed at most

---@class equinix.LockoutStore
---@field stored equinix.StoredRecord
---@field lease any nil where the store failed
local Lockout = {}
Lockout.__index = Lockout

--- The page that counts, of what this process knew and what is stored.
---@param known equinix.LockoutPage
---@return equinix.LockoutPage
function Lockout:merge(known)
  if not self.lease then
    return known
  end
  local now = core.now()
  local page, readable = lockout_page.decode(self.stored:read())
  if not readable then
    -- The store lost it, or never had it.
    known:mark(false)
    return known
  end
  return page:moved(now - core.time(), now):join(known, now)
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
  local kind = "stored"
  if changed or page:is_unsaved() then
    local wall = core.time()
    local copy = page:moved(wall - core.now(), wall)
    copy:mark(true)
    copy.kept = false
    if self.stored:write(copy:encode(wall), TTL, self.lease) then
      page:mark(true)
    else
      kind = self.stored.session.failed and "alone" or "stale"
    end
  end
  self.stored:unlock(self.lease)
  return kind
end

--- Takes the page's lock; does not wait.
---@param stored equinix.StoredRecord
---@return equinix.LockoutStore|nil nil: another process has it
function M.acquire(stored)
  local lease, busy = stored:lock(HOLD)
  if lease or not busy then
    return setmetatable({ stored = stored, lease = lease }, Lockout)
  end
end

return M
