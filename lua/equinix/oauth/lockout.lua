--- lockout: the lock-out guard of an account, for all that send its
--- credentials.
--
-- Law of this file: credentials are sent inside `guarded` only. It notes the
-- attempt before it is sent and its result afterwards, where all threads and
-- processes see them, and it sends nothing that is held back or that would be
-- one attempt too many. The lock of what is noted is held for the note only,
-- never while anything is sent, so attempts run side by side. The rules are
-- in lockout_policy.lua; the notes are pages (lockout_page.lua), each in a
-- slot of its own that is never evicted while there is anything on it, and,
-- where there is a store, also there (lockout_store.lua).

local await = require "equinix.transport.await"
local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local lazy = require "equinix.base.lazy"
local lockout_page = lazy "equinix.oauth.lockout_page"
local lockout_store = lazy "equinix.oauth.lockout_store"
local policy = lazy "equinix.oauth.lockout_policy"

local M = {}

---@class equinix.GuardedAttempt
---@field identity string of cache_key.identity
---@field proof fun(): string what is about to be sent: all its secrets
---@field transport table the port
---@field seconds number the sending may take
---@field deadline number on core.now(), for waiting
---@field force? boolean send what is held back
---@field stored? equinix.StoredRecord the account's page in a store
---@field shared? boolean there is a store, though this attempt may go without
---@field caller? boolean a caller brought the credentials
---@field own? boolean it is the account of the service itself
---@field take? fun(): boolean takes room to send it, before each try
---@field give? fun() gives the room back, where it was not sent after all
---@field wanted? fun(): boolean asked before each try: is it still needed?
---@field meanwhile? equinix.transport.meanwhile called while it waits
---@field package is_over? boolean its result is known
---@field package verdict? string|false what send() returned
---@field package result? table|false
---@field package owed? boolean that could not be noted

-- Of tries, in seconds; in a store each one is a step.
local PACE = { first = 0.005, longest = 0.1 }
local STORE_PACE = { first = 0.02, longest = 0.25 }
local HOLD = 10 -- seconds that a page's lease lasts where no death is seen
local SETTLE = 5 -- seconds that may pass until a result is noted
local STORE_SECONDS = 2 -- that one step of a store may take for that

local REMEMBERED = 2 * 3600 -- seconds: longer than a lost attempt counts
local MAX_UNSAVED = 256 -- attempts

-- The slots of the pages, and the attempts of this Lua state.
local slots, mine = {}, {}
-- Those of them that may stand in a store as if they were in flight: it could
-- not take their results. Their accounts, and until when that matters.
---@type table<string, {identity: string, ends: number}>
local unsaved = {}

local LATE = "the deadline passed while other attempts for this account were "
  .. "in flight"
local DROPPED = "not sent: the caller hung up while it waited for its turn"

local function not_in_time(code, message)
  return { err = errors.make("timeout", message, { code = code }) }
end

local REFUSED = "not sent: Equinix refused these credentials before (%d in a "
  .. "row for this account; it locks an account after 5); correct the client "
  .. "id and secret"
local WITHOUT_RESULT = "not sent: the last attempts for this account had no "
  .. "result, so Equinix may have refused them, and it locks an account after "
  .. "5; call again later"

local function latched(count, pause)
  return { pause = pause, err = errors.make("auth",
    (count > 0 and REFUSED or WITHOUT_RESULT):format(count), {
    code = "latched",
    retry_after = pause < math.huge and pause or nil,
  }) }
end

-- The page with its lock held ------------------------------------------------

local function slot_of(number)
  slots[number] = slots[number]
    or core.tokens.open("lock-out page " .. number, "note")
  return slots[number]
end

local function use_stored(store, page, use)
  page = store:merge(page)
  return page, use(page)
end

-- -> "stored" | "alone", the page, results | "busy" | "stale"
local function with_store(stored, page, use)
  local store = lockout_store.acquire(stored)
  if not store then
    return "busy", page
  end
  local ok, merged, changed, a, b = pcall(use_stored, store, page, use)
  if not ok then
    store:unlock()
    error(merged, 0)
  end
  local kind = store:release(merged, changed)
  return kind, kind ~= "stale" and merged or nil, a, b
end

local function without_store(_, page, use)
  local _, a, b = use(page)
  return "alone", page, a, b
end

-- Gives the page's slot back. Whether it was still this caller's turn.
local function put_back(slot, lease, page, before)
  local now = core.now()
  local text = page and page:encode(now)
  text = text and #text <= lockout_page.MAX_BYTES and text -- forced too often
  if text and text ~= before and (before or not page:is_clear(now)) then
    return slot:release(lease, text, not page:is_clear(now))
  end
  return slot:release(lease)
end

-- -> "stored" | "alone" | "busy" | "stale", results
local function use_slot(slot, lease, text, stored, use)
  local kind, page, a, b = (stored and with_store or without_store)(stored,
    lockout_page.decode(text), use)
  local is_here = put_back(slot, lease, page, text)
  return kind == "alone" and not is_here and "stale" or kind, a, b
end

-- One try to use the account's page. `use` gets the page and returns whether
-- it changed it, and up to two results. -> "stored" | "alone", results | nil:
-- another has the page, or had it meanwhile
local function try_page(identity, stored, use)
  local slot = slot_of(lockout_page.number(identity))
  local turn, lease, text = slot:acquire(nil, true, HOLD)
  if turn ~= "lead" then
    return nil
  end
  local ok, kind, a, b = pcall(use_slot, slot, lease, text, stored, use)
  if not ok then
    slot:release(lease)
    error(kind, 0)
  elseif kind == "stored" or kind == "alone" then
    return kind, a, b
  end
end

-- Attempts -------------------------------------------------------------------

-- Whether all that is in flight belongs to this very thread.
local function is_own_thread(attempt, state)
  if not attempt.transport.blocking then
    return false
  end
  for id in pairs(state.attempts) do
    if not mine[id] then
      return false
    end
  end
  return true
end

-- Counts what came of an attempt.
local function count(attempt, id, state, now)
  local verdict, result = attempt.verdict, attempt.result
  if verdict == "refused" then
    result.pause = policy.refused(state, policy.fingerprint(attempt.identity,
      attempt.proof()), now, id)
    result.refusals = state.count
  elseif verdict == "accepted" then
    local known = state.count > 0 or next(state.secrets) or state.own
      or state.accepted
    policy.accepted(state, known and policy.fingerprint(attempt.identity,
      attempt.proof()), now, id)
  elseif attempt.caller and (attempt.own or state.own) and result
    and result.maybe_sent then
    policy.lost(state, id, now)
  else
    policy.over(state, id)
  end
  attempt.is_over = state.attempts[id] == nil
end

-- Without attempts of this Lua state that are over. -> state, changed
local function state_of(page, identity, now)
  local state, changed = page:account(identity, now), false
  for id, ended in pairs(unsaved) do
    if ended.identity == identity and state.attempts[id] then
      policy.over(state, id)
      changed = true
    end
  end
  for id, attempt in pairs(mine) do
    if attempt.owed and attempt.identity == identity then
      if state.attempts[id] then
        count(attempt, id, state, now)
        changed = true
      else
        mine[id] = nil -- it was noted the last time
      end
    end
  end
  return state, changed
end

-- With the page: notes the attempt, if it may go out.
-- -> changed, kind, result of guarded
local function admit(attempt, id, page)
  local now = core.now()
  local state, changed = state_of(page, attempt.identity, now)
  local mark, kind, seconds
  if not policy.is_clear(state) then
    mark = policy.fingerprint(attempt.identity, attempt.proof())
    kind, seconds = policy.judge(state, mark, attempt.caller
      and (attempt.own or state.own), now)
  end
  if kind == "held" and not attempt.force then
    page:tidy(attempt.identity, now)
    return changed, "latched", latched(state.count, seconds)
  elseif kind == "wait" and not attempt.force then
    return changed, is_own_thread(attempt, state) and "late" or "wait"
  end
  policy.begin(state, id, { at = now, seconds = math.ceil(attempt.seconds),
    caller = attempt.caller, secret = mark })
  if not page:fits(attempt.caller) then -- no room for one more in flight
    policy.over(state, id)
    page:tidy(attempt.identity, now)
    return changed, "wait"
  end
  return true, "go"
end

-- -> "go" | "latched", result | "late" | "dropped" | nil: not yet
local function try(attempt, id)
  if attempt.meanwhile then
    attempt.meanwhile.call()
  end
  if attempt.wanted and not attempt.wanted() then
    return "dropped"
  elseif attempt.take and not attempt.take() then
    return nil
  end
  local done, kind, result = try_page(attempt.identity, attempt.stored,
    function(page)
      return admit(attempt, id, page)
    end)
  if kind ~= "go" and attempt.give then
    attempt.give()
  end
  if done and kind ~= "wait" then
    return kind, result
  end
end

-- Remembers that the store has to be told, by the next attempt there.
local function remember(attempt, id)
  local now, n = core.now(), 0
  for other, ended in pairs(unsaved) do
    n = n + 1
    unsaved[other] = now <= ended.ends and ended or nil
  end
  if n < MAX_UNSAVED then
    unsaved[id] = { identity = attempt.identity, ends = now + REMEMBERED }
  end
end

-- Notes the result. Where the store's lock can't be taken, it is noted in this
-- process alone, and brought to the store later. Where memory runs out, the
-- next attempt of this Lua state notes it; it counts as in flight until then.
local function settle(attempt, id)
  if attempt.stored then
    attempt.stored.session:finish(STORE_SECONDS)
  end
  local function use(page)
    local now = core.now()
    count(attempt, id, page:account(attempt.identity, now), now)
    page:tidy(attempt.identity, now)
    return true
  end
  local deadline = core.now() + SETTLE
  local done = await.poll(attempt.transport, PACE, deadline, function()
    return (try_page(attempt.identity, attempt.stored, use))
  end)
  if not done and attempt.stored then
    done = await.poll(attempt.transport, PACE, deadline + SETTLE, function()
      return (try_page(attempt.identity, nil, use))
    end)
  end
  if done == "alone" and attempt.is_over
    and (attempt.stored or attempt.shared) then
    -- Another one may have told the store of it, by the same page.
    remember(attempt, id)
  end
  mine[id] = nil
end

--- Sends credentials under the guard of their account, beside others of it as
--- long as not too many can be refused. What `send` raises is raised.
---
---     what send() returned      "refused" has two fields more: `refusals`
---                               in a row, and `pause`, the seconds until
---                               these credentials may be sent again
---     "latched", {err, pause}   held back: not sent
---     "late", {err}             the deadline passed: not sent
---     "dropped", {err}          no caller waits for it any more: not sent
---
---@param attempt equinix.GuardedAttempt
---@param send fun(): "accepted"|"refused"|"unknown", table whether the
---  credentials were
---@return string verdict
---@return table result
function M.guarded(attempt, send)
  local id = core.sha256(core.random() .. " " .. core.now()):sub(1, 8)
  -- There may be no room for these later.
  attempt.verdict, attempt.result, attempt.owed = false, false, false
  mine[id] = attempt
  local ran, kind, held = pcall(await.poll, attempt.transport,
    attempt.stored and STORE_PACE or PACE, attempt.deadline, function()
      return try(attempt, id)
    end)
  if not ran then -- it may stand there as if it were in flight
    attempt.verdict, attempt.owed = "unknown", true
    error(kind, 0)
  elseif kind ~= "go" then
    mine[id] = nil
    return kind or "late", held
      or kind == "dropped" and not_in_time("caller_gone", DROPPED)
      or not_in_time("token_wait", LATE)
  end
  local ok, verdict, result = pcall(send)
  attempt.verdict, attempt.result = ok and verdict or "unknown", result
  local settled, message = pcall(settle, attempt, id)
  attempt.owed = not settled
  if not ok or not settled and verdict == "refused" then
    error(ok and message or verdict, 0)
  end
  return verdict, result
end

-- For a service --------------------------------------------------------------

-- With a page's slot.
local function keep_page(slot, lease, text, identity)
  local page = lockout_page.decode(text)
  page.kept = true
  if identity then
    page:account(identity, core.now()).own = true
  end
  put_back(slot, lease, page, text)
end

--- Makes room for all pages, before the processes that share them are forked,
--- and notes whose account is the service's own. Does not wait.
---@param identity string
function M.keep(identity)
  cache_key.prepare()
  for number = 0, lockout_page.COUNT - 1 do
    local slot = slot_of(number)
    local turn, lease, text = slot:acquire(nil, true, HOLD)
    if turn == "lead" then
      local ok, message = pcall(keep_page, slot, lease, text,
        number == lockout_page.number(identity) and identity)
      if not ok then
        slot:release(lease)
        error(message, 0)
      end
    end
  end
end

--- How long credentials are held back, by what is known now.
---@param attempt equinix.GuardedAttempt
---@return number seconds 0: they may be sent
---@return equinix.Error|nil
---@return integer|nil refusals in a row
function M.held_back(attempt)
  local done, pause, refusals = await.poll(attempt.transport, PACE,
    attempt.deadline, function()
      return try_page(attempt.identity, attempt.stored, function(page)
        local now = core.now()
        local state, changed = state_of(page, attempt.identity, now)
        local kind, seconds = policy.judge(state, policy.fingerprint(
          attempt.identity, attempt.proof()), false, now)
        page:tidy(attempt.identity, now)
        return changed, kind == "held" and seconds or 0, state.count
      end)
    end)
  if done and pause > 0 then
    return pause, latched(refusals, pause).err, refusals
  end
  return 0
end

return M
