--- lockout_policy: how often credentials that were refused may be tried again.
--
-- "The user account will get locked after 5 successive invalid attempts"
-- (Equinix, API Authentication). Law of this file: no more than four refused
-- attempts for an account ever go out by themselves, whatever the number of
-- secrets, clients and processes. A refused secret is tried again after 10
-- and after 60 minutes, then never; a new secret once at once; only a forced
-- attempt gets past four. A success clears the count, not the latch of
-- another secret that was refused.
--
-- Pure: the state is a plain table, kept by its caller where all share it:
--   { count = successive refusals, secrets = { [fingerprint] =
--     { n = refusals, at = time of the last } },
--     unsaved = true where a store should have it and has not }

local core = require "equinix.core"
local json = require "equinix.base.json"

local M = {}

local MAX_REFUSALS = 4
local PAUSES = { 600, 3600 } -- seconds before attempt two and three
local MAX_SECRETS = 16
local FINGERPRINT = "^" .. ("%x"):rep(8) .. "$"

--- Tells secrets apart and is no help in guessing one: 32 bits of a digest
--- match far too many secrets.
---@param identity string
---@param secret string
---@return string
function M.fingerprint(identity, secret)
  return core.sha256(identity .. "\0" .. secret):sub(1, 8)
end

--- A state without refusals.
function M.new()
  return { count = 0, secrets = {} }
end

--- State to text, and back; what is no state is a clear one.
function M.encode(state)
  return assert(json.encode {
    count = state.count,
    secrets = state.secrets,
    unsaved = state.unsaved,
  })
end

local function is_count(value)
  return type(value) == "number" and value >= 0 and value < 2 ^ 31
    and value % 1 == 0
end

local function is_moment(value)
  return type(value) == "number" and math.abs(value) < 2 ^ 40
end

-- Others can write to a store, so what is read there may be anything.
local function is_state(state)
  if type(state) ~= "table" or not is_count(state.count)
    or type(state.secrets) ~= "table" then
    return false
  end
  local secrets = 0
  for fingerprint, latch in pairs(state.secrets) do
    secrets = secrets + 1
    if type(fingerprint) ~= "string" or not fingerprint:find(FINGERPRINT)
      or type(latch) ~= "table" or not is_count(latch.n)
      or not is_moment(latch.at) then
      return false
    end
  end
  return secrets <= 2 * MAX_SECRETS -- two states that were joined
end

---@param text string|nil
function M.decode(text)
  local state = text and json.decode(text)
  return is_state(state) and state or M.new()
end

--- Whether the state may be forgotten.
function M.is_clear(state)
  return state.count == 0 and next(state.secrets) == nil
end

--- How long this secret has to wait.
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
---@return number seconds until this secret may be sent again
function M.refused(state, fingerprint, now)
  local latch = state.secrets[fingerprint] or { n = 0 }
  latch.n, latch.at = latch.n + 1, now
  state.secrets[fingerprint] = latch
  state.count = state.count + 1
  drop_oldest(state.secrets)
  return M.wait_seconds(state, fingerprint, now)
end

--- Counts a success.
function M.accepted(state, fingerprint)
  state.count = 0
  state.secrets[fingerprint] = nil
end

return M
