--- renewal: what the one does who may send the token request.
--
-- Law of this file: whatever happens, the flight ends here, with a token or
-- with a failure that all share; and the account's guard is held while
-- credentials are on the wire, so that bad attempts are counted one by one.
-- A refresh token is marked as spent before it is sent. With a store, all of
-- it is agreed with the other processes first (fleet.lua).

local lazy = require "equinix.base.lazy"

local account = require "equinix.oauth.lockout"
local core = require "equinix.core"
local endpoint = require "equinix.oauth.token_endpoint"
local err = require "equinix.base.error"
local failure = require "equinix.tokens.shared_error"
local fleet = lazy "equinix.tokens.distributed"
local grant = require "equinix.oauth.grant"
local token = require "equinix.oauth.token"

local M = {}

local REJECTIONS, REJECTION_WINDOW = 5, 60 -- renewals after a 401, seconds
local MAX_BACKOFF = 60
local HASTE = 0.9 -- whoever has less of a flight's time than this is in haste
local GUARD_ROUND = 60 -- seconds until the account's guard is asked again

---@class equinix.Lead
---@field deadline number when the flight ends
---@field own_deadline number when the leader has to be back
---@field hasty boolean the leader's own call ends before the flight would
---@field secret string of the place that is to be filled
---@field key string its key
---@field force boolean|nil
---@field rejected boolean the API refused the token that was there
---@field last table failure of the last flight (streak, spent)
---@field record string|nil the token that was there
---@field renew boolean|nil no token will do that is there now
---@field min_life number|nil seconds that must be left
---@field patience number seconds to wait for another process' flight
---@field traceparent string|nil of the call that leads
---@field aside boolean|nil no caller leads it himself
---@field turn equinix.Turn|nil at the second level, set by run

-- The refresh token that may still be presented: with a store only the one
-- that rests there.
local function refresh_token(self, flight)
  if self.config.grant == "token_exchange" then
    return nil
  end
  local old, spent = token.decode(flight.record), flight.last.spent
  if flight.turn then
    old, spent = flight.turn:token()
  end
  if not old or not old.refresh_token
    or (old.refresh_expires_at and old.refresh_expires_at <= os.time()) then
    return nil
  end
  local mark = core.sha256(old.refresh_token):sub(1, 16)
  if mark ~= spent then
    return old, mark
  end
end

-- Noted where whoever leads next finds it, should this leader never come back.
local function spend(slot, lease, flight, mark)
  flight.spent = mark
  slot:note(lease, failure.mark(flight.last, mark))
  return not flight.turn or flight.turn:spend(mark)
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
  if old and spend(slot, lease, flight, mark) then
    secrets[#secrets + 1] = old.refresh_token
    local request, op = grant.renew(self.config, secret, old.refresh_token)
    grant.trace(request, flight.traceparent)
    local fields, a, refused = endpoint.ask(self, request, op, deadline,
      secrets, true)
    if fields then
      return keep(fields, old), a
    elseif refused then
      return nil, a, true
    end
    self.emit("refresh_failed", { kind = a.kind, status = a.status,
      code = a.code })
    local found = flight.turn and flight.turn:second_look()
    if found then
      flight.found = found
      return found.fields, core.now() - found.age
    end
  end
  local request, op = grant.issue(self.config, secret)
  grant.trace(request, flight.traceparent)
  return endpoint.ask(self, request, op, deadline, secrets, false)
end

-- What proves who asks, for the request that is about to be sent.
local function proof_of(self, flight)
  if self.config.grant == "token_exchange" then
    return self.config.subject()
  end
  return flight.secret
end

-- Under the account's guard: may it be sent, and what came of it.
local function attempt(self, slot, lease, flight, deadline)
  local secret, reason = proof_of(self, flight)
  if not secret then
    return err.fail("config", reason)
  end
  local identity = grant.identity(self.config)
  local held, problem = account.enter(identity,
    grant.proof(self.config, secret), self.transport, self.config.timeout,
    deadline, flight.turn and flight.turn:latch(identity))
  if not held then
    return nil, problem
  end
  -- Having waited long is haste as well.
  flight.hasty = flight.hasty
    or deadline - core.now() < self.config.timeout * HASTE
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

-- A token that another process left: everybody here may have it.
local function serve(self, slot, lease, found)
  local record = token.encode(found.fields)
  local header = "Bearer " .. found.fields.access_token
  local serial = slot:publish(lease, record, header, token.times(
    core.now() - found.age, found.fields.expires_in, core.random()))
  self.emit("token_loaded", {
    expires_in = math.floor(found.fields.expires_in - found.age),
  })
  return header, serial and self:token_of(serial, record) or found.fields
end

-- Ends the flight with a failure, and tells everybody for how long. A pause is
-- the account's, not this place's: a success elsewhere may end it early, so
-- the place only holds back until the guard is to be asked again.
local function fail(self, slot, lease, flight, problem, pause)
  if problem.kind == "timeout" and (flight.hasty
    or problem.code == "token_wait") then
    -- His own haste, or that he never came to send anything, is nobody else's
    -- failure: the next one leads.
    slot:fail(lease, "", 0)
    return nil, problem
  end
  local streak = (tonumber(flight.last.streak) or 0) + 1
  local seconds = pause or backoff(problem, streak)
  local text = failure.encode(problem, streak,
    flight.spent or flight.last.spent, pause and core.now() + pause)
  local held = pause and math.min(pause, GUARD_ROUND) or seconds
  if flight.turn then
    flight.turn:failed(text, held)
  end
  self:count "failures"
  problem.retry_after = seconds < math.huge and seconds or nil
  self.emit("token_failed", { kind = problem.kind, status = problem.status,
    code = problem.code, op = problem.op, retry_after = problem.retry_after })
  local spare = flight.turn and flight.turn:left_behind()
  if spare then
    return serve(self, slot, lease, spare)
  end
  slot:fail(lease, text, held)
  return nil, problem
end

local function publish(self, slot, lease, flight, fields, start)
  if flight.turn then
    flight.turn:renewed(fields, start)
  end
  local record = token.encode(fields)
  local header = "Bearer " .. fields.access_token
  local serial = slot:publish(lease, record, header,
    token.times(start, fields.expires_in, core.random()))
  self:count "tokens"
  self.emit("token_renewed", { expires_in = fields.expires_in,
    refreshable = fields.refresh_token ~= nil })
  if not serial then
    -- Forgotten meanwhile: the token is this caller's alone.
    if flight.turn then
      flight.turn:drop()
    end
    return header, token.new(fields)
  end
  return header, self:token_of(serial, record)
end

-- This process' leader sends.
local function renew(self, slot, lease, flight, deadline)
  if flight.rejected and not flight.force then
    local allowed, wait = slot:rate_limit(REJECTIONS, REJECTION_WINDOW)
    if not allowed then
      return fail(self, slot, lease, flight, too_many(wait), wait)
    end
  end
  local fields, a, pause = attempt(self, slot, lease, flight, deadline)
  if fields and flight.found then
    return serve(self, slot, lease, flight.found)
  elseif fields then
    return publish(self, slot, lease, flight, fields, a)
  end
  return fail(self, slot, lease, flight, a, pause)
end

-- With a store: what the other processes have, or do, comes first.
local function agree(self, slot, lease, flight, deadline)
  local what, found = flight.turn:enter(math.min(deadline,
    core.now() + flight.patience))
  if what == "token" then
    return serve(self, slot, lease, found)
  elseif what == "failed" then
    local text = failure.mark(found.last, found.last.spent)
    slot:fail(lease, text, found.pause)
    return nil, failure.shared(text, found.pause)
  elseif what == "late" then
    slot:fail(lease, "", 0) -- nothing was tried here
    return err.fail("timeout", "the deadline passed while another process "
      .. "was renewing the token", { code = "token_wait" })
  end
  flight.turn:remind(flight.last)
  return renew(self, slot, lease, flight, deadline)
end

local function run(self, slot, lease, flight)
  local deadline = math.min(flight.deadline, flight.own_deadline)
  flight.turn = self.config.store and fleet.turn(self, flight)
  if not flight.turn then
    return renew(self, slot, lease, flight, deadline)
  end
  local ok, header, fields = pcall(agree, self, slot, lease, flight, deadline)
  flight.turn:leave()
  if not ok then
    error(header, 0)
  end
  return header, fields
end

local function raised()
  local _, problem = err.fail("protocol", "whoever was renewing the token "
    .. "raised an error; his own report says which", { code = "raised" })
  return problem
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
    -- A mistake of ours must not hold up the rest. Each caller who leads is
    -- told of it by what it raises; where all wait for leaders at the side
    -- nobody would be, and one would follow the other.
    if flight.aside then
      slot:fail(lease, failure.encode(raised(), 1,
        flight.spent or flight.last.spent), 1)
    else
      slot:fail(lease, "", 0)
    end
    error(header, 0)
  end
  return header, fields
end

return M
