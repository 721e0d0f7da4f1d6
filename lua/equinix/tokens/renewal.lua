--- renewal: what the leader does: it fetches the next token, for all callers.
--
-- Law of this file: whatever happens, the renewal ends here, with a token or
-- with an error that all callers share. Only a fault of this very place
-- (oauth/local_fault.lua) stays its leader's own, and the next caller leads.
-- Credentials are sent under the account's lock-out guard only. With a store,
-- all of it is agreed with the other processes first (distributed.lua).

local lazy = require "equinix.base.lazy"

local await = require "equinix.transport.await"
local cache_key = lazy "equinix.oauth.cache_key"
local core = require "equinix.core"
local distributed = lazy "equinix.tokens.distributed"
local errors = lazy "equinix.base.error"
local grant = lazy "equinix.oauth.grant"
local local_fault = lazy "equinix.oauth.local_fault"
local lockout = lazy "equinix.oauth.lockout"
local memory = lazy "equinix.base.memory"
local refreshing = lazy "equinix.tokens.refreshing"
local rejection = lazy "equinix.tokens.rejection"
local shared_error = lazy "equinix.tokens.shared_error"
local tables = require "equinix.base.table"
local token = require "equinix.oauth.token"
local token_endpoint = lazy "equinix.oauth.token_endpoint"

local M = {}

local MAX_BACKOFF = 60 -- seconds
local LEAST_PAUSE = 1 -- seconds between two tokens without a life
local GUARD_ROUND = 60 -- seconds until the account's guard is asked again
local INLINE_SECONDS = 5 -- for a leader that has a usable token
local SHORT = 0.9 -- less of a renewal's time than this is a short deadline
local SAVING_SECONDS, SAVING_PART = 0.5, 0.02 -- left to save the token
-- Seconds that a leader with a usable token waits for another process'.
local PATIENCE = { advisory = 0, mandatory = 2 }

---@class equinix.Renewal
---@field source equinix.TokenSource
---@field slot equinix.slot
---@field lease any of the slot
---@field secret string as it was when this began: the file may change
---@field config equinix.Config of that moment: an id goes with its secret
---@field key? string of the slot, where there is a store
---@field deadline number on core.now()
---@field own_deadline number when the leader's own call ends
---@field short boolean the leader's own call ends before the renewal would
---@field force? boolean in spite of back-off and latch
---@field renew? boolean no token will do that is there now
---@field min_life? number seconds that must be left
---@field has_token boolean the leader has a usable token
---@field patience number seconds to wait for another process' renewal
---@field rejected boolean the API refused the token that was there
---@field last table of shared_error.decode: the last error (streak, spent)
---@field record? string the token that was there
---@field spent? string fingerprint of the refresh token that was presented
---@field obtained? "refresh" the token came by the refresh token
---@field own_err? equinix.Error a fault of this place: of its leader alone
---@field traceparent? string of the call that leads
---@field peers? equinix.Peers where there is a store
---@field unsaved? table what the store did not take
---@field serial? integer of the token in that
local Renewal = {}
Renewal.__index = Renewal

local function by_refresh_token(self, exchange, secret, secrets) -- or nil
  local old, fingerprint = refreshing.find(self)
  if not old or not refreshing.spend(self, fingerprint) then
    return nil
  end
  secrets[#secrets + 1] = old.refresh_token
  local request, op = grant.refresh(self.config, secret, old.refresh_token,
    self.traceparent)
  exchange.meanwhile = self.peers and self.peers:meanwhile()
  local verdict, result = token_endpoint.exchange(self.source, request, op,
    exchange)
  if verdict == "accepted" then
    refreshing.keep(result.fields, old)
    self.obtained = "refresh"
  elseif verdict == "unknown" then
    local err = result.err
    if local_fault.is(err) and not err.maybe_sent then
      refreshing.unspend(self) -- and the grant would fail alike
      return verdict, result
    end
    self.source.emit("refresh_failed", { kind = err.kind, status = err.status,
      code = err.code })
    local found = self.peers and self.peers:second_look()
    if found then
      return "accepted", { found = found }
    end
    return nil
  end
  return verdict, result
end

local function exchange(self, secret, deadline) -- without it: by the grant
  local config = self.config
  local secrets = { secret, config.user_password and config.user_password() }
  -- Having waited long for the guard leaves a short deadline as well.
  self.short = self.short or deadline - core.now() < config.timeout * SHORT
  if self.record or self.peers then
    local verdict, result = by_refresh_token(self, {
      deadline = deadline, secrets = secrets, refreshing = true,
    }, secret, secrets)
    if verdict then
      return verdict, result
    end
  end
  local request, op = grant.issue(config, secret, self.traceparent)
  return token_endpoint.exchange(self.source, request, op, {
    deadline = deadline, secrets = secrets, refreshing = false,
    meanwhile = self.peers and self.peers:meanwhile(),
  })
end

local function proof_of(self) -- of who asks
  if self.source.config.grant == "token_exchange" then
    return self.source.config.subject()
  end
  return self.secret
end

local function attempt(self, deadline) -- under the account's guard
  local config = self.config
  local secret, reason = proof_of(self)
  if not secret then
    return "unknown", { err = errors.make("config", reason) }
  end
  local verdict, result = lockout.guarded({
    identity = config.identity,
    proof = function()
      return cache_key.proof(config, secret)
    end,
    transport = self.source.transport,
    seconds = config.lease_seconds,
    deadline = deadline,
    force = self.force,
    stored = self.peers and self.peers:latch(config.identity),
    shared = self.peers ~= nil,
    meanwhile = self.peers and self.peers:meanwhile(),
  }, function()
    local kind, found = exchange(self, secret, deadline)
    if self.peers then
      self.peers:arrived()
    end
    return kind, found
  end)
  if verdict == "refused" then
    self.source.emit("latched", { refusals = result.refusals,
      retry_after = result.pause < math.huge and result.pause or nil })
  end
  return verdict, result
end

local function backoff(err, streak) -- Retry-After wins; of 0: a storm
  local asked = err.retry_after
  return asked and asked > 0 and asked
    or math.min(MAX_BACKOFF, 2 ^ math.min(streak - 1, 6))
      * (0.8 + 0.4 * core.random())
end

-- Puts a token into the slot, with where it came from; `next`: when another
-- one may be requested. -> equinix.Found
local function publish(self, fields, start, obtained, next_request)
  local _, record, dropped = token.trim(tables.update({ obtained = obtained },
    fields))
  if dropped > 0 then
    self.source.emit("members_dropped", { count = dropped })
  end
  local header = "Bearer " .. fields.access_token
  local times = token.times(start, fields.expires_in, core.random())
  times.next = next_request
  local serial = self.slot:publish(self.lease, record, header, times)
  return { header = header, serial = serial, record = record,
    fields = fields }
end

-- A token that another process left: all callers here may have it.
local function serve(self, left)
  local found = publish(self, left.fields, core.now() - left.age, "store")
  self.source.emit("token_loaded", {
    expires_in = math.floor(left.fields.expires_in - left.age),
  })
  return found
end

-- Ends it with a token that another process left, or alone with that error.
local function fall_back(self, err)
  local spare = self.peers and self.peers:spare()
  if spare then
    return serve(self, spare)
  end
  self.slot:release(self.lease)
  return nil, err
end

-- Ends the renewal with an error that is of this place only. With a token
-- there the next renewal is tried a little later.
local function fail_alone(self, err)
  self.own_err = err
  self.source.retry_at = core.now() + LEAST_PAUSE
  self.source.emit("token_failed", { kind = err.kind, code = err.code,
    op = err.op })
  return fall_back(self, err)
end

-- Ends the renewal with an error for all callers. A pause is the account's: a
-- success elsewhere may end it, so the slot holds back only for a while.
local function fail(self, err, pause)
  if err.kind == "timeout" and (self.short or err.code == "token_wait") then
    -- A short deadline, or that nothing was sent at all, is no other caller's
    -- error: the next one leads.
    return fall_back(self, err)
  elseif local_fault.is(err) then
    return fail_alone(self, err)
  end
  local streak = (tonumber(self.last.streak) or 0) + 1
  local seconds = pause or backoff(err, streak)
  local text = shared_error.encode(err, streak, self.spent or self.last.spent,
    pause and core.now() + pause)
  local held = pause and math.min(pause, GUARD_ROUND) or seconds
  if self.peers then
    self.peers:failed(text, held)
  end
  self.source:count "failures"
  err.message = shared_error.held_back(err.message, seconds)
  err.retry_after = seconds < math.huge and errors.rounded(seconds) or nil
  self.source.emit("token_failed", { kind = err.kind, status = err.status,
    code = err.code, op = err.op, retry_after = err.retry_after })
  local spare = self.peers and self.peers:spare()
  if spare then
    return serve(self, spare)
  end
  self.slot:fail(self.lease, text, held)
  return nil, err
end

local function succeed(self, fields, start)
  local unsaved = self.peers and self.peers:renewed(fields, start)
  local pause = core.now() + LEAST_PAUSE
  local found = publish(self, fields, start, self.obtained,
    start + fields.expires_in < pause and pause or nil)
  self.source:count "tokens"
  self.source.emit("token_renewed", { expires_in = fields.expires_in,
    refreshable = fields.refresh_token ~= nil })
  if found.serial then
    self.unsaved, self.serial = unsaved, found.serial
  elseif self.peers then
    -- Forgotten meanwhile, or another has led: it is this caller's alone.
    self.peers:drop(fields)
  end
  return found
end

local function send(self, deadline) -- as this process' leader
  local verdict, result = attempt(self, deadline)
  if self.rejected and not self.force
    and not (result.err and local_fault.is(result.err)) then
    rejection.count(self.slot)
  end
  if verdict ~= "accepted" then
    return fail(self, result.err, result.pause)
  elseif result.found then
    return serve(self, result.found)
  end
  return succeed(self, result.fields, result.started)
end

local function agree(self, deadline) -- what other processes have or do
  local kind, result = self.peers:acquire(math.min(deadline,
    core.now() + self.patience))
  if kind == "token" then
    return serve(self, result)
  elseif kind == "failed" then
    local text = shared_error.note(result.last, result.last.spent)
    self.slot:fail(self.lease, text, result.pause)
    return nil, shared_error.shared(text, result.pause)
  elseif kind == "late" then
    self.slot:release(self.lease) -- nothing was tried here
    return errors.fail("timeout", self.peers.session.overran
      and "the store took longer than the call had left"
      or "the deadline passed while another process was renewing the token",
      { code = "token_wait" })
  end
  self.peers:remind(self.last)
  -- What came of it has to be saved before the deadline.
  return send(self, deadline - math.min(SAVING_SECONDS,
    self.source.config.timeout * SAVING_PART))
end

local function steps(self)
  local deadline = math.min(self.deadline, self.own_deadline)
  if self.source.config.store then
    self.peers = distributed.new(self.source, self)
    if self.peers then
      return agree(self, deadline)
    end
  end
  return send(self, deadline)
end

-- Gives the store's locks back; without memory the next one does. -> done
local function give_back(source, peers)
  local done = not peers or pcall(peers.release, peers)
    or pcall(peers.release, peers)
  source.owed = not done and peers
  return done
end

local function next_leads(self)
  self.slot:release(self.lease)
end

local function run(self, raised)
  local ok, found, err = pcall(steps, self)
  local ended = give_back(self.source, self.peers) and ok
  if not ended and not pcall(raised, self, found) then
    next_leads(self)
  end
  await.notify()
  if not ok then
    error(found, 0)
  end
  return found, err
end

-- Here no caller is the leader, so none would see what was raised, and one
-- renewal would follow the other. Where memory ran out, the next may have it.
local function hold_back(self, problem)
  if memory.is(problem) then
    self.own_err = memory.error()
    return next_leads(self)
  end
  local err = errors.make("protocol", "the renewal of the token raised an "
    .. "error; the log of the program has it", { code = "raised" })
  self.slot:fail(self.lease, shared_error.encode(err, 1,
    self.spent or self.last.spent), 1)
end

--- Runs it in the time of the caller that leads. What is raised reaches that
--- caller, and the next one leads.
---@return equinix.Found|nil
---@return equinix.Error|nil
function Renewal:run_inline()
  local now, deadline = core.now(), self.own_deadline
  if self.has_token then
    self.own_deadline = math.min(deadline, now + INLINE_SECONDS)
  end
  self.short = self.own_deadline == deadline
    and deadline < now + self.source.config.timeout * SHORT
  return run(self, next_leads)
end

--- Runs it at the side, for all callers alike.
function Renewal:run_aside()
  self.own_deadline = math.huge
  run(self, hold_back)
  if self.unsaved then
    self.peers:save_later(self.unsaved, function()
      local state, serial = self.slot:read()
      return serial == self.serial and state ~= "rejected"
    end)
  end
end

--- A renewal that is about to begin.
---@param source equinix.TokenSource
---@param slot equinix.slot
---@param o {lease: any, last: string?, rejected: boolean?,
---  want: equinix.Want, state: string?} what slot:acquire said, and what the
---  leader needs; the state of a token that it may fall back on
---@return equinix.Renewal
function M.new(source, slot, o)
  local want, timeout = o.want, source.config.timeout
  -- Read only now: what was there before may have been presented since.
  local _, _, _, record = slot:read()
  return setmetatable({
    source = source,
    slot = slot,
    lease = o.lease,
    secret = source.secret(),
    config = source.config.supplied and tables.copy(source.config)
      or source.config,
    key = source.config.store and source.key(),
    deadline = core.now() + timeout,
    own_deadline = want.deadline,
    force = want.force,
    renew = want.renew,
    min_life = want.min_life,
    has_token = o.state ~= nil,
    patience = PATIENCE[o.state] or timeout,
    rejected = o.rejected,
    last = o.last and shared_error.decode(o.last) or { streak = 0 },
    record = record,
    traceparent = want.traceparent,
  }, Renewal)
end

return M
