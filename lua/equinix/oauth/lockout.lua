--- lockout: the lock-out guard of one account, where all share it.
--
-- Law of this file: whoever sends credentials of an account holds its guard
-- while they are on the wire, so that bad attempts are counted one by one,
-- over all clients, secrets and processes. The rules are in guard.lua; the
-- state is kept in a place of the cache of its own, and where there is a store
-- also there (latch.lua), for all who share it.

local await = require "equinix.transport.await"
local core = require "equinix.core"
local err = require "equinix.base.error"
local guard = require "equinix.oauth.lockout_policy"
local latch = require("equinix.base.lazy") "equinix.oauth.lockout_store"

local M = {}

local LEASE_MARGIN = 5 -- seconds beyond what the sending may take

---@class equinix.Account the guard, held
local Held = {}
Held.__index = Held

--- Seconds until these credentials may be sent: 0 now, math.huge never.
function Held:pause()
  return guard.pause(self.state, self.mark, core.now())
end

--- They were refused.
---@return number seconds until they may be sent again
---@return integer refusals in a row for this account
function Held:refused()
  self.changed = true
  return guard.refused(self.state, self.mark, core.now()), self.state.count
end

--- They were accepted.
function Held:accepted()
  self.changed = self.changed or not guard.is_clear(self.state)
  guard.accepted(self.state, self.mark)
end

--- The error for credentials that may not be sent yet.
function Held:latched()
  local pause = self:pause()
  local _, problem = err.fail("auth", ("not sent: Equinix refused these "
    .. "credentials before (%d in a row for this account; it locks an account "
    .. "after 5); mend the client id and secret"):format(self.state.count), {
    code = "latched",
    retry_after = pause < math.huge and pause or nil,
  })
  return problem
end

--- Gives the guard back. Its state stays as long as it holds anybody back; a
--- clear one is written only over one that was not. Callers may bring any
--- number of accounts, so theirs are the first to be forgotten where there is
--- no room: they must not crowd out tokens and the latches of our own.
function Held:leave()
  if self.latch then
    self.latch:leave(self.state, self.changed)
  elseif self.changed then
    self.state.unsaved = true -- for a store that others have, or that is down
  end
  if not guard.is_clear(self.state) then
    self.place:fail(self.lease, guard.encode(self.state),
      self.foreign and 0 or math.huge)
  elseif self.stored then
    self.place:fail(self.lease, guard.encode(self.state), 0)
  else
    self.place:fail(self.lease, nil, 0)
  end
end

local function late()
  return err.fail("timeout", "the deadline passed while another token "
    .. "request for this account was under way", { code = "token_wait" })
end

-- The guard is held in this process; now among all who share the store.
local function join(held, shelf, transport, seconds, deadline)
  if not shelf then
    return held
  end
  held.latch = latch.enter(shelf, transport, seconds, deadline)
  if not held.latch then
    held:leave()
    return late()
  end
  held.state = held.latch:merge(held.state)
  return held
end

--- Takes the guard; others of this account wait outside.
---@param identity string of grant.identity
---@param proof string what is about to be sent: all its secrets
---@param transport table the port
---@param seconds number the sending may take
---@param deadline number on core.now()
---@param shelf? equinix.Shelf of the account's latch in a store
---@param foreign? boolean an account that a caller brought
---@return equinix.Account|nil held nil when the deadline passed
---@return equinix.Error|nil
function M.enter(identity, proof, transport, seconds, deadline, shelf, foreign)
  local place = core.tokens.open(identity)
  while true do
    local left = deadline - core.now()
    local what, a, b
    if left > 0 then
      what, a, b = place:acquire(nil, true, seconds + LEASE_MARGIN)
    end
    if what == "lead" then
      local held = setmetatable({
        place = place,
        lease = a,
        stored = b ~= nil,
        foreign = foreign,
        state = guard.decode(b),
        changed = false,
        mark = guard.fingerprint(identity, proof),
      }, Held)
      return join(held, shelf, transport, seconds + LEASE_MARGIN, deadline)
    elseif left <= 0 or (b and transport.blocking) then
      -- Over, or held further up in this very thread.
      return late()
    end
    await(transport, place, a, left)
  end
end

return M
