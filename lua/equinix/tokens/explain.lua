--- explain: what a client's token is like now, without the token.
--
-- Law of this file: it only looks at what this process knows: no request, no
-- store, no wait. A secret file is read where that leads to the token; a
-- command or a function that supplies the credentials is not asked.

local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local lockout = require "equinix.oauth.lockout"
local shared_error = require "equinix.tokens.shared_error"
local token = require "equinix.oauth.token"

local M = {}

---@class equinix.Explanation
---@field state "static"|equinix.slot.state
---@field source? "request"|"refresh"|"store"|"option" where the token came
---  from: the grant, its refresh token, what another process left in the
---  store, or the option or variable that has it; nil: there is none
---@field life? number seconds that it is good for, at issue
---@field age? number seconds since it was requested
---@field left? number seconds to its end
---@field renews_in? number seconds until a call renews it; 0: the next one
---@field renewing boolean a renewal is under way
---@field backoff? {seconds: number, kind?: string, status?: integer,
---  code?: string} how long no token request is made, and what had failed
---@field latch? {refusals: integer, seconds: number} the credentials were
---  refused, and are held back: math.huge is until they change

--- The state of the cached token, as far as it was looked for.
---@param source equinix.TokenSource
---@return string state
---@return number|nil left seconds to its end
function M.state(source)
  local slot = source.open_slot
  if not slot then
    return "empty"
  end
  local state, _, _, _, left = slot:read()
  return state, state ~= "empty" and left or nil
end

-- What is known of a token that is there.
local function add_token(found, slot)
  local state, _, _, record, left = slot:read()
  local fields = token.decode(record)
  found.state = state
  if not fields then
    return
  end
  found.source = fields.obtained or "request"
  found.life = fields.expires_in
  if state ~= "expired" then
    found.age, found.left = math.max(0, fields.expires_in - left), left
  end
end

local function add_outlook(found, slot)
  local fresh, pause, failure, renewing = slot:outlook()
  found.renewing = renewing
  found.renews_in = math.max(fresh, pause)
  if pause > 0 then
    local last = failure and shared_error.decode(failure) or {}
    found.backoff = { seconds = pause, kind = last.kind, status = last.status,
      code = last.code }
  end
end

-- Where another caller is at the account's page, nothing is known.
local function add_latch(found, source)
  local config, secret = source.config, source.secret()
  if config.grant == "token_exchange" then
    return -- what would be sent is known when it is sent
  end
  local seconds, _, refusals = lockout.held_back {
    identity = config.identity,
    proof = function()
      return cache_key.proof(config, secret)
    end,
    transport = source.transport,
    deadline = core.now(),
  }
  if seconds > 0 then
    found.latch = { refusals = refusals, seconds = seconds }
  end
end

-- Before supplied credentials are there, or when there are none: only what
-- supplies them is known.
local function without_slot(found, supplied)
  local pause = supplied:pause()
  found.state, found.renews_in = "empty", pause
  found.backoff = pause > 0 and { seconds = pause, kind = "config",
    code = "no_credentials" } or nil
  return found
end

--- The state of a client's token.
---@param source equinix.TokenSource|equinix.StaticSource
---@return equinix.Explanation|nil
---@return equinix.Error|nil the secret file can't be read
function M.of(source)
  local found = { state = "static", source = "option", renewing = false }
  if not source.renews then
    return found
  end
  found.source = nil
  local supplied, slot, err = source.config.supplied, source.open_slot, nil
  if not supplied then
    slot, err = source:slot()
  elseif not slot then
    return without_slot(found, supplied)
  end
  if not slot then
    return nil, err
  end
  add_token(found, slot)
  add_outlook(found, slot)
  add_latch(found, source)
  return found
end

return M
