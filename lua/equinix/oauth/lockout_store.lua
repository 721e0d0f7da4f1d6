--- lockout_store: an account's bad attempts, where all machines count them.
--
-- Law of this file: who sends credentials holds the account's lock in the
-- store meanwhile, so that attempts are counted one by one over all machines.
-- What rests there is the truth, since the last one who held the lock wrote
-- it; only what could not be written then is added. At rest times are the
-- wall clock's; a moment that lies ahead counts as now.

local core = require "equinix.core"
local guard = require "equinix.oauth.lockout_policy"

local M = {}

local FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25 -- seconds, between two tries
local TTL = 30 * 24 * 3600 -- of the record, seconds

---@class equinix.Latch
---@field shelf equinix.Shelf
---@field lease any nil where the store failed
local Latch = {}
Latch.__index = Latch

-- The state with every moment moved, none to later than `most`.
local function moved(state, by, most)
  local secrets = {}
  for fingerprint, latch in pairs(state.secrets) do
    secrets[fingerprint] = { n = latch.n, at = math.min(latch.at + by, most) }
  end
  return { count = state.count, secrets = secrets }
end

-- Both at their worst.
local function joined(a, b)
  local both = moved(a, 0, math.huge)
  both.count, both.unsaved = math.max(a.count, b.count), true
  for fingerprint, latch in pairs(b.secrets) do
    local other = both.secrets[fingerprint]
    if not other or other.n < latch.n then
      both.secrets[fingerprint] = latch
    end
  end
  return both
end

--- The state that counts, of what this process knew and what rests there.
---@param state table of equinix.guard, "unsaved" where it did not get there
---@return table
function Latch:merge(state)
  if not self.lease then
    return state
  end
  local text = self.shelf:read()
  if not text then
    -- The store lost it, or never had it.
    state.unsaved = state.unsaved or not guard.is_clear(state) or nil
    return state
  end
  local now = core.now()
  local kept = moved(guard.decode(text), now - core.time(), now)
  return state.unsaved and joined(kept, state) or kept
end

--- Saves a state that changed and gives the lock back.
---@param state table
---@param changed boolean
function Latch:leave(state, changed)
  if changed or state.unsaved then
    local wall = core.time()
    local text = guard.encode(moved(state, wall - core.now(), wall))
    state.unsaved = not (self.lease
      and self.shelf:write(text, TTL, self.lease)) or nil
  end
  if self.lease then
    self.shelf:unlock(self.lease)
  end
end

--- Takes the account's lock.
---@param shelf equinix.Shelf
---@param transport table the port
---@param seconds number that it is needed at most
---@param deadline number on core.now()
---@return equinix.Latch|nil nil: another one had it until the deadline
function M.enter(shelf, transport, seconds, deadline)
  local pause = FIRST_PAUSE
  while true do
    local lease, busy = shelf:lock(seconds)
    if lease or not busy then
      return setmetatable({ shelf = shelf, lease = lease }, Latch)
    end
    local left = deadline - core.now()
    if left <= 0 then
      return nil
    end
    transport.sleep(math.min(pause, left))
    pause = math.min(LONGEST_PAUSE, pause * 2)
  end
end

return M
