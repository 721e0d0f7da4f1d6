--- source: who renews a token, who waits, and what everybody else gets.
--
-- Law of this file: behind any number of callers there is one token request
-- at a time for a key, in success and in failure. Whoever the cache lets lead
-- sends it; all others get its outcome, or the old token while that lives.
-- No token is served after its end, and none that was rejected.
--
--   fresh      serve
--   advisory   serve the old one; whoever may lead renews first (5 s at most)
--   mandatory  one renews (5 s at most); the rest wait 2 s, then serve the old
--   else       one renews; all wait for it
--
-- What the leader does is in lead.lua.

local lazy = require "equinix.base.lazy"

local await = require "equinix.transport.await"
local core = require "equinix.core"
local err = lazy "equinix.base.error"
local failure = lazy "equinix.tokens.shared_error"
local fleet = lazy "equinix.tokens.distributed"
local grant = lazy "equinix.oauth.grant"
local hit = lazy "equinix.tokens.fast_path"
local lead = lazy "equinix.tokens.renewal"
local token = lazy "equinix.oauth.token"

local M = {}

local INLINE_SECONDS = 5 -- for who leads with a token in hand
local MANDATORY_SECONDS = 2 -- for who waits with a token in hand
-- How long a leader with a token in hand waits for another process' flight.
local PATIENCE = { advisory = 0, mandatory = MANDATORY_SECONDS }
local LEASE_MARGIN = 5 -- seconds beyond the flight's own deadline
local HASTE = 0.9 -- whoever has less of a flight's time than this is in haste

---@class equinix.Flight
local Flight = { renews = true }

--- The header when the token is fresh, without a look at anything else.
function Flight.hit()
  return nil -- no place yet
end
Flight.__index = Flight

---@class equinix.Want what a caller needs
---@field deadline number on core.now()
---@field renew? boolean not the token that is there now
---@field force? boolean in spite of back-off and latch
---@field min_life? number seconds that must be left
---@field traceparent? string goes out with a token request that it leads
---@field slot? userdata the place that was looked at, and
---@field old? integer the serial of the token there that won't do

-- The place in the cache. Its key holds the secret as read, so a secret file
-- that has changed leads to another place. There are two holds on a place: one
-- for hits, which ends at once when the place changes or the client closes,
-- and one for flights, which lives as long as whoever is in the middle of one.
function Flight:slot()
  if self.opened and not self.config.secret_rotates then
    return self.opened
  end
  local secret, reason = self.config.secret()
  if not secret then
    return err.fail("config", reason)
  end
  if not self.opened or secret ~= self.secret() then
    if self.hits then
      self.hits:close()
    end
    self.secret = function()
      return secret
    end
    local key = grant.key(self.config, secret)
    self.key = function()
      return key
    end
    self.opened, self.hits = core.tokens.open(key), core.tokens.open(key)
    self.hit = hit.bind(self.hits)
    self.moved()
  end
  return self.opened
end

-- What is counted for all who share the place.
local COUNTERS = { token_requests = 1, tokens = 2, failures = 3,
  rejections = 4 }

--- Counts one more of them.
function Flight:count(name)
  self.opened:count(COUNTERS[name], 1)
end

--- All counters, as all who share the token see them.
---@return table<string, integer>
function Flight:stats()
  local slot = self.opened or self:slot()
  local counts = slot and slot:counters() or {}
  local stats = {}
  for name, i in pairs(COUNTERS) do
    stats[name] = counts[i] or 0
  end
  return stats
end

-- The same table for the same token, until it is renewed.
function Flight:token_of(serial, record)
  if self.token_serial ~= serial or not self.token_table then
    self.token_serial, self.token_table = serial, token.decode(record)
  end
  return self.token_table
end

local function timed_out()
  return err.fail("timeout", "the deadline passed while waiting for a token "
    .. "(perhaps another caller's request for it); allow a longer timeout", {
    code = "token_wait",
  })
end

local function cannot_wait()
  return err.fail("config", "no token is cached and this place may not wait "
    .. "for one; call client:token() earlier, where waiting is allowed", {
    code = "cannot_wait",
  })
end

local function own_flight()
  return err.fail("config", "this thread is in the middle of renewing this "
    .. "very token, so waiting for it would never end; don't use the client "
    .. "in a callback of its own renewal", { code = "own_flight" })
end

-- Another caller leads. Returns true first when the outcome is to be looked
-- for again, else what the caller gets.
function Flight:wait(slot, want, view, flight, own)
  if view.fallback and view.state == "advisory" then
    return false, view.fallback, view.token
  elseif own and self.transport.blocking then
    if view.fallback then
      return false, view.fallback, view.token
    end
    return false, own_flight()
  end
  local seconds = want.deadline - core.now()
  if view.fallback then
    seconds = math.min(seconds, MANDATORY_SECONDS)
  end
  local what, a, b, c = await(self.transport, slot, flight,
    math.max(0, seconds))
  if what == "published" then
    return false, b, self:token_of(a, c)
  elseif what == "gone" or (what == "failed" and a == "") then
    return true -- nobody's attempt: the next one leads
  end
  local now = self:snapshot(slot, want) -- the old one may be over by now
  if now.fallback then
    return false, now.fallback, now.token
  elseif what == "failed" then
    return false, nil, failure.shared(a, b)
  elseif view.fallback then
    return true -- nothing to fall back on any more: wait on
  end
  return false, timed_out()
end

-- What a leader has to know; the parts of it that don't depend on who leads.
local function plan(self, slot, want, view, last, rejected)
  local timeout = self.config.timeout
  -- Looked at only now: what was there before may have been presented since.
  local _, _, _, record = slot:read()
  return {
    deadline = core.now() + timeout,
    own_deadline = math.huge,
    -- A secret file may change while this flight waits; it stays with one.
    secret = self.secret(),
    key = self.key(),
    force = want.force,
    rejected = rejected,
    last = failure.decode(last),
    record = record,
    renew = want.renew,
    min_life = want.min_life,
    patience = PATIENCE[view.fallback and view.state] or timeout,
    traceparent = want.traceparent,
  }
end

-- This caller leads, where nothing runs at the side.
function Flight:lead_inline(slot, want, view, lease, flight)
  local now, timeout = core.now(), self.config.timeout
  flight.own_deadline = want.deadline
  if view.fallback then
    flight.own_deadline = math.min(want.deadline, now + INLINE_SECONDS)
  end
  flight.hasty = flight.own_deadline == want.deadline
    and want.deadline < now + timeout * HASTE
  local header, fields = lead.run(self, slot, lease, flight)
  if not header and view.fallback then
    local old = self:snapshot(slot, want) -- it may be over by now
    if old.fallback then
      return old.fallback, old.token
    end
  end
  return header, fields
end

-- This caller leads. Where the transport can run something at the side, that
-- leads, and nothing that happens to this caller ends the flight; then he is
-- one of those who wait. Returns like wait().
function Flight:lead(slot, want, view, lease, last, rejected)
  local flight = plan(self, slot, want, view, last, rejected)
  local spawn = self.transport.spawn
  if spawn and spawn(function()
    flight.aside = true
    lead.run(self, slot, lease, flight)
  end) then
    return self:wait(slot, want, view, lease, false)
  end
  return false, self:lead_inline(slot, want, view, lease, flight)
end

-- What the cache holds, seen with this caller's needs.
function Flight:snapshot(slot, want)
  local state, serial, header, record, left = slot:read()
  if want.slot ~= slot then
    want.slot, want.old = slot, nil -- serials mean nothing at another place
  end
  if want.old == nil and (want.renew
      or (header and want.min_life and left < want.min_life)) then
    want.old = serial
  end
  local view = { state = state, serial = serial }
  if header and serial ~= want.old then
    view.fallback, view.token = header, self:token_of(serial, record)
  end
  return view
end

-- The place and what it holds. A secret file is read only when what is there
-- can't be served as it is; when it can't be read, the old token still serves.
function Flight:locate(want)
  local slot = self.opened
  local view = slot and self:snapshot(slot, want) or {}
  if slot and (not self.config.secret_rotates
      or (view.fallback and view.state == "fresh")) then
    return slot, view
  end
  local place, problem = self:slot()
  if place and place ~= slot then
    view = self:snapshot(place, want)
  end
  return place, view, problem
end

--- The header and the token, by the rules at the top.
---@param want equinix.Want
---@return string|nil header
---@return equinix.Token|equinix.Error
function Flight:get(want)
  while true do
    if self.closed then
      return err.fail("closed", "the client was closed meanwhile")
    end
    local slot, view, problem = self:locate(want)
    if view.fallback and (view.state == "fresh" or not slot
        or not self.transport.can_wait()) then
      return view.fallback, view.token
    elseif not slot then
      return nil, problem
    elseif not self.transport.can_wait() then
      return cannot_wait()
    elseif core.now() >= want.deadline then
      return timed_out()
    end
    local what, a, b, c = slot:acquire(view.serial, want.force or false,
      self.config.timeout + LEASE_MARGIN)
    if what == "backoff" then
      if view.fallback then
        return view.fallback, view.token
      end
      return nil, failure.shared(b, a)
    elseif what ~= "ready" then -- nobody published meanwhile
      local take_part = what == "lead" and self.lead or self.wait
      local again, header, fields = take_part(self, slot, want, view, a, b, c)
      if not again then
        return header, fields
      end
    end
  end
end

--- Refuses the token behind a header, if it is still the current one.
--- No I/O, any phase.
---@param header string "Bearer ..."
---@return boolean whether it was the current one
function Flight:reject(header)
  -- A place is not looked for where that takes reading a file.
  if not self.opened and (self.config.secret_rotates or not self:slot()) then
    return false
  end
  local _, serial, current = self.opened:read()
  if current ~= header then
    return false
  end
  local first = self.opened:reject(serial)
  if first then
    self:count "rejections"
    self.emit("token_rejected", {})
  end
  return first
end

--- Drops and wipes the token in every level; back-off and latch stay.
function Flight:forget()
  self.token_table = nil
  local slot = self.opened or self:slot()
  if slot then
    slot:forget()
    if self.config.store then
      fleet.forget(self)
    end
  end
end

--- Ends it: no more hits, no new flights. One that is under way goes on to
--- its end, for the others who share the token.
function Flight:close()
  self.closed, self.token_table = true, nil
  if self.hits then
    self.hits:close()
  end
end

--- The function behind client:authorization(): the header on a hit, else
--- what slow() returns.
---@param slow function
---@return function
function Flight:bind(slow)
  local yields = not self.transport.blocking
  return self.hits and hit.bind(self.hits, slow, yields) or slow
end

---@param config table of equinix.client.options
---@param transport table the port
---@param emit fun(name: string, fields: table)
---@param moved fun() called when the place in the cache has changed
function M.new(config, transport, emit, moved)
  return setmetatable({
    config = config,
    transport = transport,
    emit = emit,
    moved = moved,
  }, Flight)
end

return M
