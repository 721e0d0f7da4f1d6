--- lockout_policy: how often credentials that were refused may be tried again,
--- and how many attempts may be in flight.
--
-- "The user account will get locked after 5 successive invalid attempts"
-- (Equinix, API Authentication). Law of this file: no more than four refused
-- attempts for an account ever go out by themselves, whatever the number of
-- secrets, clients and processes. An attempt in flight may be refused, so it
-- counts like a refusal until its result is known, and if that never comes
-- (its process died) for an hour. A refused secret is tried again after 10
-- and after 60 minutes, then never; a new secret once at once; only a forced
-- attempt gets past four. A success clears the count, not the latch of
-- another secret that was refused; of two attempts that were in flight
-- together it is unknown which came first, so what was refused beside a
-- success still counts.
--
-- Callers of a service who name its own account may use up two of the four,
-- and other secrets than the one that was accepted last three of them: so that
-- one can always be sent. An attempt of theirs on that account that may have
-- arrived and had no answer counts like one whose process died.
--
-- Pure: the state is a plain table, kept by its caller where all share it:
--   { count = successive refusals, callers = those of callers among them,
--     secrets = { [fingerprint] = { n = refusals, at = time of the last } },
--     attempts = { [id] = { at = its begin, seconds = that it may take,
--       caller = a caller's, secret = fingerprint where that matters,
--       here = it began where this state is kept, and ends there,
--       beside = refusals since its begin } },
--     own = true for the account of a service, accepted = fingerprint of the
--       secret that was accepted last, for such an account,
--     unsaved = refusals that a store should have and has not }

local core = require "equinix.core"
local tables = require "equinix.base.table"

local M = {}

local MAX_REFUSALS = 4
local MAX_OTHERS = 3 -- for other secrets than the one accepted last
local MAX_CALLERS = 2 -- of callers that name the service's own account
local PAUSES = { 600, 3600 } -- seconds before attempt two and three
local LOST = 3600 -- seconds for which an attempt without a result counts
local MAX_SECRETS = 16

--- Tells secrets apart and is no help in guessing one: 32 bits of a digest
--- match far too many secrets.
---@param identity string
---@param secret string
---@return string
function M.fingerprint(identity, secret)
  return core.sha256(identity .. "\0" .. secret):sub(1, 8)
end

--- A state without refusals.
---@return equinix.LockoutState
function M.new()
  return { count = 0, callers = 0, secrets = {}, attempts = {} }
end

--- Whether nothing is known that could hold a secret back.
---@param state table
---@return boolean
function M.is_clear(state)
  return state.count == 0 and next(state.secrets) == nil
    and next(state.attempts) == nil and not state.accepted
end

--- How long this secret has to wait, attempts in flight aside.
---@param state table
---@param fingerprint string
---@param now number seconds on core.now()
---@return number seconds 0: may be sent; math.huge: never by itself
function M.wait_seconds(state, fingerprint, now)
  if state.count >= MAX_REFUSALS then
    return math.huge
  end
  local latch = state.secrets[fingerprint]
  if not latch then
    return 0
  end
  local pause = PAUSES[latch.n]
  return pause and math.max(0, latch.at + pause - now) or math.huge
end

-- Attempts -------------------------------------------------------------------

---@class equinix.LockoutCount attempts without a result
---@field all integer
---@field flying integer of them in flight: their result will come
---@field callers integer of callers
---@field callers_flying integer
---@field frees number seconds until the first that was lost counts no more
---@field same boolean one in flight has this secret

-- Counts the attempts without a result; what counts no more is dropped.
local function count_attempts(state, fingerprint, now)
  local seen = { all = 0, flying = 0, callers = 0, callers_flying = 0,
    frees = math.huge, same = false }
  for id, attempt in pairs(state.attempts) do
    local ends = attempt.at + attempt.seconds
    local flying, by = now < ends, attempt.caller and 1 or 0
    if now >= ends + LOST then
      state.attempts[id] = nil
    else
      seen.all, seen.callers = seen.all + 1, seen.callers + by
      if flying then
        seen.flying = seen.flying + 1
        seen.callers_flying = seen.callers_flying + by
        seen.same = seen.same or attempt.secret == fingerprint
      else
        seen.frees = math.min(seen.frees, ends + LOST - now)
      end
    end
  end
  return seen
end

-- By one budget: "go"; "wait" for a result; or held back, for so long.
local function by_budget(budget, refusals, unknown, flying, frees)
  if refusals + unknown < budget then
    return "go"
  elseif refusals >= budget then
    return "held", math.huge
  elseif flying > 0 then
    return "wait"
  end
  return "held", frees
end

--- Whether an attempt may go out now.
---@param state table
---@param fingerprint string of its secret
---@param caller boolean|nil it is a caller's, for an account of our own
---@param now number
---@return "go"|"wait"|"held" kind wait: for the result of one in flight
---@return number|nil seconds that it is held back; math.huge: for ever
function M.judge(state, fingerprint, caller, now)
  local pause = M.wait_seconds(state, fingerprint, now)
  if pause > 0 then
    return "held", pause
  end
  local seen = count_attempts(state, fingerprint, now)
  if seen.same and state.secrets[fingerprint] then
    return "wait" -- a second chance is one attempt
  end
  local known = state.accepted == fingerprint
  local budget = (known or not state.accepted) and MAX_REFUSALS or MAX_OTHERS
  local kind, seconds = by_budget(budget, state.count, seen.all, seen.flying,
    seen.frees)
  if kind == "go" and caller and not known then
    return by_budget(MAX_CALLERS, state.callers, seen.callers,
      seen.callers_flying, seen.frees)
  end
  return kind, seconds
end

--- Notes an attempt that is about to be sent.
---@param state table
---@param id string
---@param attempt {at: number, seconds: number, caller: boolean?,
---  secret: string?}
function M.begin(state, id, attempt)
  attempt.beside, attempt.here = 0, true
  state.attempts[id] = attempt
end

-- Results --------------------------------------------------------------------

local function drop_oldest(secrets)
  local oldest, count = nil, 0
  for fingerprint, latch in pairs(secrets) do
    count = count + 1
    if not oldest or latch.at < secrets[oldest].at then
      oldest = fingerprint
    end
  end
  if count > MAX_SECRETS then
    secrets[oldest] = nil
  end
end

--- Counts a refusal.
---@param state table
---@param fingerprint string
---@param now number
---@param id? string of the attempt
---@return number seconds until this secret may be sent again
function M.refused(state, fingerprint, now, id)
  local attempt = state.attempts[id or ""] or {}
  local latch = state.secrets[fingerprint] or { n = 0 }
  latch.n, latch.at = latch.n + 1, now
  state.secrets[fingerprint] = latch
  state.count = state.count + 1
  state.callers = state.callers + (attempt.caller and 1 or 0)
  state.unsaved = (state.unsaved or 0) + 1
  if state.accepted == fingerprint then
    state.accepted = nil
  end
  M.over(state, id)
  for _, other in pairs(state.attempts) do
    other.beside = other.beside + 1
  end
  drop_oldest(state.secrets)
  return M.wait_seconds(state, fingerprint, now)
end

--- Counts a success.
---@param state table
---@param fingerprint string|nil nil: no refusal is known, of any secret
---@param now number
---@param id? string of the attempt
function M.accepted(state, fingerprint, now, id)
  local attempt = state.attempts[id or ""]
  local began = attempt and attempt.at or now
  if attempt or not id then
    state.count = math.min(state.count, attempt and attempt.beside or 0)
    state.callers = math.min(state.callers, state.count)
    state.unsaved = state.unsaved and math.min(state.unsaved, state.count)
  end
  if fingerprint then
    state.secrets[fingerprint] = nil
  end
  state.accepted = (state.own or state.accepted) and fingerprint or nil
  M.over(state, id)
  for lost, other in pairs(state.attempts) do
    if other.at + other.seconds <= began then
      state.attempts[lost] = nil -- it was over before
    end
  end
end

--- The attempt is over, without a verdict or with one that was counted.
---@param state table
---@param id? string
function M.over(state, id)
  if id then
    state.attempts[id] = nil
  end
end

--- The attempt may have arrived, and its result will never be known.
---@param state table
---@param id string
---@param now number
function M.lost(state, id, now)
  local attempt = state.attempts[id]
  if attempt and now < attempt.at + attempt.seconds then
    attempt.seconds = math.max(0, math.floor(now - attempt.at))
  end
end

-- States of two places -------------------------------------------------------

--- The state as another place keeps it, or as it came from there: with every
--- time moved, none to later than `latest`.
---@param state table
---@param by number seconds
---@param latest number
---@return table
function M.moved(state, by, latest)
  local copy = tables.copy(state)
  copy.secrets, copy.attempts = {}, {}
  for fingerprint, latch in pairs(state.secrets) do
    copy.secrets[fingerprint] = { n = latch.n,
      at = math.min(latch.at + by, latest) }
  end
  for id, attempt in pairs(state.attempts) do
    local moved = tables.copy(attempt)
    moved.at, moved.here = math.min(attempt.at + by, latest), nil
    copy.attempts[id] = moved
  end
  return copy
end

--- Whether an attempt began where this state is kept.
---@param state table
---@return boolean
function M.begun_here(state)
  for _, attempt in pairs(state.attempts) do
    if attempt.here then
      return true
    end
  end
  return false
end

--- What counts where a store has one state and this process knows another:
--- the store's, since the last process that changed it wrote it; and what
--- could not be written. An attempt that began here stands there until it ends
--- here, by the clock of this place, which does not jump; one of another place
--- that is not there any more is over.
---@param stored table changed, and returned
---@param known table
---@return table
function M.joined(stored, known)
  local unsaved = known.unsaved or 0
  for id, attempt in pairs(known.attempts) do
    if attempt.here then
      local there = stored.attempts[id]
      attempt.beside = math.max(attempt.beside, there and there.beside or 0)
      stored.attempts[id] = attempt
    end
  end
  stored.own = stored.own or known.own
  stored.accepted = stored.accepted or known.accepted
  if unsaved == 0 then
    return stored
  end
  stored.count = stored.count + unsaved
  stored.callers = math.min(stored.count, stored.callers + known.callers)
  stored.unsaved = unsaved
  for fingerprint, latch in pairs(known.secrets) do
    local other = stored.secrets[fingerprint]
    if not other or other.n < latch.n then
      stored.secrets[fingerprint] = latch
    end
  end
  for _, attempt in pairs(stored.attempts) do
    attempt.beside = attempt.beside + unsaved
  end
  return stored
end

return M
