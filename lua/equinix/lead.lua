--- lead: what the one does who may send the token request.
--
-- Law of this file: whatever happens, the flight ends here, with a token or
-- with a failure that all share; and the account's guard is held while
-- credentials are on the wire, so that bad attempts are counted one by one.
-- A refresh token is marked as spent before it is sent.

local account = require "equinix.account"
local core = require "equinix.core"
local endpoint = require "equinix.endpoint"
local err = require "equinix.error"
local failure = require "equinix.failure"
local grant = require "equinix.grant"
local token = require "equinix.token"

local M = {}

local REJECTIONS, REJECTION_WINDOW = 5, 60 -- renewals after a 401, seconds
local MAX_BACKOFF = 60
local GUARD_ROUND = 60 -- seconds until the account's guard is asked again

---@class equinix.Lead
---@field deadline number when the flight ends
---@field own_deadline number when the leader has to be back
---@field hasty boolean the leader's own call ends before the flight would
---@field force boolean|nil
---@field rejected boolean the API refused the token that was there
---@field last table failure of the last flight (streak, spent)
---@field record string|nil the token that was there

-- The refresh token that may still be presented.
local function refresh_token(self, flight)
  local old = self.config.grant ~= "token_exchange"
    and token.decode(flight.record)
  if not old or not old.refresh_token
    or (old.refresh_expires_at and old.refresh_expires_at <= os.time()) then
    return nil
  end
  local mark = core.digest(old.refresh_token):sub(1, 16)
  if mark ~= flight.last.spent then
    return old, mark
  end
end

-- A refresh token that came with no successor stays good.
local function keep(fields, old)
  if not fields.refresh_token then
    fields.refresh_token = old.refresh_token
    fields.refresh_expires_at = old.refresh_expires_at
  end
  return fields
end

-- By the refresh token if there is one, else, or when that failed, by the
-- grant. Refused credentials are refused for both.
local function exchange(self, slot, lease, flight, secret, deadline)
  local secrets = { secret }
  if self.config.user_password then
    secrets[2] = self.config.user_password()
  end
  local old, mark = refresh_token(self, flight)
  if old then
    flight.spent = mark
    slot:mark(lease, failure.mark(flight.last, mark))
    secrets[#secrets + 1] = old.refresh_token
    local request, op = grant.renew(self.config, secret, old.refresh_token)
    local fields, a, refused = endpoint.ask(self, request, op, deadline,
      secrets, true)
    if fields then
      return keep(fields, old), a
    elseif refused then
      return nil, a, true
    end
    self.emit("refresh_failed", { kind = a.kind, status = a.status,
      code = a.code })
  end
  local request, op = grant.issue(self.config, secret)
  return endpoint.ask(self, request, op, deadline, secrets, false)
end

-- Under the account's guard: may it be sent, and what came of it.
local function attempt(self, slot, lease, flight, deadline)
  local secret, reason = self:current_secret()
  if not secret then
    return err.fail("config", reason)
  end
  local held, problem = account.enter(grant.identity(self.config),
    grant.proof(self.config, secret), self.transport,
    self.config.timeout, deadline)
  if not held then
    return nil, problem
  end
  local pause = held:pause()
  if pause > 0 and not flight.force then
    problem = held:latched()
    held:leave()
    return nil, problem, pause
  end
  local ok, fields, a, refused = pcall(exchange, self, slot, lease, flight,
    secret, deadline)
  if ok and fields then
    held:accepted()
  elseif ok and refused then
    local refusals
    pause, refusals = held:refused()
    self.emit("latched", { refusals = refusals,
      retry_after = pause < math.huge and pause or nil })
  end
  held:leave()
  if not ok then
    error(fields, 0)
  end
  return fields, a, refused and pause or nil
end

local function too_many(wait)
  local _, problem = err.fail("auth", "the API keeps refusing fresh tokens "
    .. "(5 renewals within a minute); check that this account may use this "
    .. "API", { code = "renewals_refused", retry_after = wait })
  return problem
end

-- Retry-After wins, unless it says nothing: "at once" would be a storm.
local function backoff(problem, streak)
  local asked = problem.retry_after
  return asked and asked > 0 and asked
    or math.min(MAX_BACKOFF, 2 ^ math.min(streak - 1, 6))
      * (0.8 + 0.4 * core.random())
end

-- Ends the flight with a failure, and tells everybody for how long. A pause is
-- the account's, not this place's: a success elsewhere may end it early, so
-- the place only holds back until the guard is to be asked again.
local function fail(self, slot, lease, flight, problem, pause)
  if problem.kind == "timeout" and flight.hasty then
    -- The leader's own haste is nobody else's failure: the next one leads.
    slot:fail(lease, "", 0)
    return nil, problem
  end
  local streak = (tonumber(flight.last.streak) or 0) + 1
  local seconds = pause or backoff(problem, streak)
  slot:fail(lease, failure.encode(problem, streak,
    flight.spent or flight.last.spent, pause and core.now() + pause),
    pause and math.min(pause, GUARD_ROUND) or seconds)
  problem.retry_after = seconds < math.huge and seconds or nil
  self:count "failures"
  self.emit("token_failed", { kind = problem.kind, status = problem.status,
    code = problem.code, op = problem.op, retry_after = problem.retry_after })
  return nil, problem
end

local function publish(self, slot, lease, fields, start)
  local record = token.encode(fields)
  local header = "Bearer " .. fields.access_token
  local serial = slot:publish(lease, record, header,
    token.times(start, fields.expires_in, core.random()))
  self:count "tokens"
  self.emit("token_renewed", { expires_in = fields.expires_in,
    refreshable = fields.refresh_token ~= nil })
  -- Forgotten meanwhile: the token is this caller's alone.
  return header, serial and self:token_of(serial, record)
    or token.new(fields)
end

local function run(self, slot, lease, flight)
  if flight.rejected and not flight.force then
    local allowed, wait = slot:allow(REJECTIONS, REJECTION_WINDOW)
    if not allowed then
      return fail(self, slot, lease, flight, too_many(wait), wait)
    end
  end
  local deadline = math.min(flight.deadline, flight.own_deadline)
  local fields, a, pause = attempt(self, slot, lease, flight, deadline)
  if fields then
    return publish(self, slot, lease, fields, a)
  end
  return fail(self, slot, lease, flight, a, pause)
end

--- Leads a flight to its end.
---@param self equinix.Flight
---@param slot userdata the place in the cache
---@param lease any
---@param flight equinix.Lead
---@return string|nil header
---@return equinix.Token|equinix.Error
function M.run(self, slot, lease, flight)
  local ok, header, fields = pcall(run, self, slot, lease, flight)
  if not ok then
    slot:fail(lease, "", 0) -- a mistake of ours must not hold up the rest
    error(header, 0)
  end
  return header, fields
end

return M
