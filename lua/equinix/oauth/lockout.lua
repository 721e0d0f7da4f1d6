--- lockout: the lock-out guard of an account, for all that send its
--- credentials.
--
-- Law of this file: credentials are sent inside `guarded` only. It holds the
-- account's lock meanwhile, so that bad attempts are counted one by one, over
-- all clients, secrets and processes; and it sends nothing that is held back.
-- The rules are in lockout_policy.lua. The state is kept in a slot of its own
-- and, where there is a store, also there (lockout_store.lua).

local await = require "equinix.transport.await"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local lazy = require "equinix.base.lazy"
local policy = lazy "equinix.oauth.lockout_policy"
local lockout_store = lazy "equinix.oauth.lockout_store"

local M = {}

---@class equinix.GuardedAttempt
---@field identity string of cache_key.identity
---@field proof fun(): string what is about to be sent: all its secrets
---@field transport table the port
---@field seconds number the sending may take; the lock lasts as long
---@field deadline number on core.now(), for waiting
---@field force? boolean send what is held back
---@field stored? equinix.StoredRecord the account's record in a store
---@field foreign? boolean an account that a caller of the service brought

-- One slot of each account with refusals stays open: should the cache be full,
-- an account's entry is this Lua state's own, and its count would end with the
-- last slot. No attempt is made with these, so none of them is waited at.
local kept_slots = {}
-- Callers may bring any number of accounts: of theirs so many are kept.
local MAX_FOREIGN = 64
local foreign_accounts = {}

local function late()
  return "late", { err = errors.make("timeout", "the deadline passed while "
    .. "another token request for this account was in flight", {
    code = "token_wait",
  }) }
end

local function latched(state, pause)
  return "latched", { pause = pause, err = errors.make("auth", ("not sent: "
    .. "Equinix refused these credentials before (%d in a row for this "
    .. "account; it locks an account after 5); correct the client id and "
    .. "secret"):format(state.count), {
    code = "latched",
    retry_after = pause < math.huge and pause or nil,
  }) }
end

-- Takes the account's lock in this process. -> lease, note | nil
local function acquire(slot, attempt)
  while true do
    local left = attempt.deadline - core.now()
    local turn, a, b
    if left > 0 then
      turn, a, b = slot:acquire(nil, true, attempt.seconds)
    end
    if turn == "lead" then
      return a, b
    elseif left <= 0 or (b and attempt.transport.blocking) then
      -- Over, or held further up in this very thread.
      return nil
    end
    await.renewal(attempt.transport, slot, a, left)
  end
end

local function drop(identity)
  kept_slots[identity]:close()
  kept_slots[identity] = nil
end

-- Keeps a slot that no attempt uses any more.
local function keep(slot, attempt)
  kept_slots[attempt.identity] = slot
  if attempt.foreign then
    table.insert(foreign_accounts, attempt.identity)
    local oldest = #foreign_accounts > MAX_FOREIGN
      and table.remove(foreign_accounts, 1)
    if oldest and kept_slots[oldest] then
      drop(oldest)
    end
  end
end

-- Gives the lock back. The state stays as long as it holds anything back; a
-- clear one is written only over one that was not. The accounts that callers
-- bring are the first to be forgotten where there is no room: they must not
-- crowd out tokens and the latches of our own.
local function release(slot, lease, attempt, state, was_kept)
  local is_clear = not state or policy.is_clear(state)
  if not is_clear or was_kept then
    slot:release(lease, policy.encode(state),
      not is_clear and not attempt.foreign)
  else
    slot:release(lease)
  end
  if not is_clear and not kept_slots[attempt.identity] then
    keep(slot, attempt)
    return
  end
  slot:close()
  if is_clear and kept_slots[attempt.identity] then
    drop(attempt.identity)
  end
end

---@class equinix.GuardState what is known of an account while its lock is held
---@field state? table of lockout_policy; nil: there were no refusals
---@field changed boolean

-- Counts what came of an attempt.
local function count(attempt, held, verdict, result)
  local state = held.state
  if verdict == "refused" then
    state = state or policy.new()
    result.pause = policy.refused(state, policy.fingerprint(attempt.identity,
      attempt.proof()), core.now())
    result.refusals = state.count
    held.state, held.changed = state, true
  elseif verdict == "accepted" and state then
    held.changed = not policy.is_clear(state)
    policy.accepted(state, policy.fingerprint(attempt.identity,
      attempt.proof()))
  end
end

-- With the account's lock held. -> verdict, result
local function try(attempt, held, send)
  if held.state and not attempt.force then
    local pause = policy.wait_seconds(held.state, policy.fingerprint(
      attempt.identity, attempt.proof()), core.now())
    if pause > 0 then
      return latched(held.state, pause)
    end
  end
  local verdict, result = send()
  if verdict ~= "accepted" or held.state then
    count(attempt, held, verdict, result)
  end
  return verdict, result
end

-- The same among all that share the store. The lock there is given back, and
-- what was read there is known from then on, whatever happens.
local function try_with_store(attempt, held, send)
  local stored = lockout_store.acquire(attempt.stored, attempt.transport,
    attempt.seconds, attempt.deadline)
  if not stored then
    return late()
  end
  held.state = stored:merge(held.state or policy.new())
  local ok, verdict, result = pcall(try, attempt, held, send)
  stored:release(held.state, held.changed)
  if not ok then
    error(verdict, 0)
  end
  return verdict, result
end

--- Sends credentials under the guard of their account; others of this account
--- wait meanwhile. What `send` raises is raised.
---
---     what send() returned      "refused" has two fields more: `refusals`
---                               in a row, and `pause`, the seconds until
---                               these credentials may be sent again
---     "latched", {err, pause}   held back: not sent
---     "late", {err}             the deadline passed: not sent
---
---@param attempt equinix.GuardedAttempt
---@param send fun(): "accepted"|"refused"|"unknown", table whether the
---  credentials were
---@return string verdict
---@return table result
function M.guarded(attempt, send)
  local slot = core.tokens.open(attempt.identity)
  local lease, text = acquire(slot, attempt)
  if not lease then
    slot:close()
    return late()
  end
  local held = { state = text and policy.decode(text), changed = false }
  local ok, verdict, result = pcall(
    attempt.stored and try_with_store or try, attempt, held, send)
  if held.changed and not attempt.stored then
    held.state.unsaved = true -- for a store that others have, or that is down
  end
  release(slot, lease, attempt, held.state, text ~= nil)
  if not ok then
    error(verdict, 0)
  end
  return verdict, result
end

return M
