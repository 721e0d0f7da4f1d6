--- lockout_store: an account's bad attempts, where all machines count them.
--
-- Law of this file: who sends credentials holds the account's lock in the
-- store meanwhile, so that attempts are counted one by one over all machines.
-- What is stored there is the truth, since the last holder of the lock wrote
-- it; only what could not be written then is added. In the store, times are
-- the wall clock's; a time that lies ahead counts as now.

local await = require "equinix.transport.await"
local core = require "equinix.core"
local policy = require "equinix.oauth.lockout_policy"

local M = {}

local TTL = 30 * 24 * 3600 -- of the record, seconds

---@class equinix.LockoutStore
---@field stored equinix.StoredRecord
---@field lease any nil where the store failed
local Lockout = {}
Lockout.__index = Lockout

-- The state with every time moved, none to later than `latest`.
local function moved(state, by, latest)
  local secrets = {}
  for fingerprint, refusals in pairs(state.secrets) do
    secrets[fingerprint] = { n = refusals.n,
      at = math.min(refusals.at + by, latest) }
  end
  return { count = state.count, secrets = secrets }
end

-- The worse of both, for each secret and for the account.
local function joined(a, b)
  local both = moved(a, 0, math.huge)
  both.count, both.unsaved = math.max(a.count, b.count), true
  for fingerprint, refusals in pairs(b.secrets) do
    local other = both.secrets[fingerprint]
    if not other or other.n < refusals.n then
      both.secrets[fingerprint] = refusals
    end
  end
  return both
end

--- The state that counts, of what this process knew and what is stored.
---@param state table of lockout_policy, "unsaved" where it was not stored
---@return table
function Lockout:merge(state)
  if not self.lease then
    return state
  end
  local text = self.stored:read()
  if not text then
    -- The store lost it, or never had it.
    state.unsaved = state.unsaved or not policy.is_clear(state) or nil
    return state
  end
  local now = core.now()
  local kept = moved(policy.decode(text), now - core.time(), now)
  return state.unsaved and joined(kept, state) or kept
end

--- Saves a state that changed and gives the lock back.
---@param state table
---@param changed boolean
function Lockout:release(state, changed)
  if changed or state.unsaved then
    local wall = core.time()
    local text = policy.encode(moved(state, wall - core.now(), wall))
    state.unsaved = not (self.lease
      and self.stored:write(text, TTL, self.lease)) or nil
  end
  if self.lease then
    self.stored:unlock(self.lease)
  end
end

--- Takes the account's lock.
---@param stored equinix.StoredRecord
---@param transport table the port
---@param seconds number that it is needed at most
---@param deadline number on core.now()
---@return equinix.LockoutStore|nil nil: another process had it until then
function M.acquire(stored, transport, seconds, deadline)
  return (await.poll(transport, await.STORE, deadline, function()
    local lease, busy = stored:lock(seconds)
    if lease or not busy then
      return setmetatable({ stored = stored, lease = lease }, Lockout)
    end
  end))
end

return M
