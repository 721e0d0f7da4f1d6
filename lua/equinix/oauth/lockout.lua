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

-- The slots of accounts with refusals stay open: should the cache be full,
-- such a slot is this Lua state's own, and its count would end with it. Others
-- may wait at one of these, so none is closed here.
local refused_accounts = {}

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

-- Gives the lock back. The state stays as long as it holds anything back; a
-- clear one is written only over one that was not. Callers may bring any
-- number of accounts, so theirs are the first to be forgotten where there is
-- no room: they must not crowd out tokens and the latches of our own.
local function release(slot, lease, attempt, state, was_kept)
  local is_clear = not state or policy.is_clear(state)
  local pinned = not is_clear and not attempt.foreign
  if not is_clear or was_kept then
    slot:release(lease, policy.encode(state), pinned)
  else
    slot:release(lease)
  end
  local kept = refused_accounts[attempt.identity]
  refused_accounts[attempt.identity] = pinned and slot or nil
  if not pinned and not kept then
    slot:close()
  end
end

-- Counts what came of an attempt. -> state, whether it changed
local function count(attempt, state, verdict, result)
  if verdict == "refused" then
    state = state or policy.new()
    result.pause = policy.refused(state, policy.fingerprint(attempt.identity,
      attempt.proof()), core.now())
    result.refusals = state.count
    return state, true
  elseif verdict == "accepted" and state then
    local changed = not policy.is_clear(state)
    policy.accepted(state, policy.fingerprint(attempt.identity,
      attempt.proof()))
    return state, changed
  end
  return state, false
end

-- With the account's lock held. -> verdict, result, state, changed
local function try(attempt, state, send)
  if state and not attempt.force then
    local pause = policy.wait_seconds(state, policy.fingerprint(
      attempt.identity, attempt.proof()), core.now())
    if pause > 0 then
      local verdict, result = latched(state, pause)
      return verdict, result, state, false
    end
  end
  local verdict, result = send()
  return verdict, result, count(attempt, state, verdict, result)
end

-- The same among all that share the store. The lock there is given back
-- whatever happens.
local function try_with_store(attempt, state, send)
  local stored = lockout_store.acquire(attempt.stored, attempt.transport,
    attempt.seconds, attempt.deadline)
  if not stored then
    local verdict, result = late()
    return verdict, result, state, false
  end
  state = stored:merge(state or policy.new())
  local ok, verdict, result, new_state, changed = pcall(try, attempt, state,
    send)
  stored:release(ok and new_state or state, ok and changed)
  if not ok then
    error(verdict, 0)
  end
  return verdict, result, new_state, changed
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
  local kept = refused_accounts[attempt.identity]
  local slot = kept or core.tokens.open(attempt.identity)
  local lease, text = acquire(slot, attempt)
  if not lease then
    if not kept then
      slot:close()
    end
    return late()
  end
  local state = text and policy.decode(text)
  local ok, verdict, result, new_state, changed = pcall(
    attempt.stored and try_with_store or try, attempt, state, send)
  if ok then
    if changed and not attempt.stored then
      -- For a store that others have, or that is down.
      new_state.unsaved = true
    end
    state = new_state
  end
  release(slot, lease, attempt, state, text ~= nil)
  if not ok then
    error(verdict, 0)
  end
  return verdict, result
end

return M
