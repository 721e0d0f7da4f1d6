--- source: the token source of a client: who renews a token, who waits, and
--- what all others are served.
--
-- Law of this file: behind any number of callers there is one token request
-- at a time for a key, in success and in failure. The caller that the cache
-- lets lead sends it; all others get its result, or the old token while that
-- lives. No token is served after its end, and none that was rejected.
--
--   fresh      serve
--   advisory   serve the old one; a caller that may lead renews first (5 s at
--              most)
--   mandatory  one renews (5 s at most); the rest wait 2 s, then get the old
--   else       one renews; all wait for it
--
-- What the leader does is in renewal.lua.

local lazy = require "equinix.base.lazy"

local await = require "equinix.transport.await"
local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local counters = lazy "equinix.tokens.counters"
local distributed = lazy "equinix.tokens.distributed"
local errors = lazy "equinix.base.error"
local fast_path = require "equinix.tokens.fast_path"
local no_token = lazy "equinix.tokens.no_token"
local rejection = lazy "equinix.tokens.rejection"
local renewal = lazy "equinix.tokens.renewal"
local shared_error = lazy "equinix.tokens.shared_error"
local token = lazy "equinix.oauth.token"

local M = {}

-- What a caller with a usable token waits: for another one, for a secret.
local MANDATORY_SECONDS, INLINE_SECONDS = 2, 5

---@class equinix.TokenSource
---@field renews true
---@field hit fun(): string|nil the header while the token is fresh, else nil
---@field authorization fun(): string|nil, equinix.Error|nil the header, by
---  the rules at the top; one function for as long as the source lives
---@field config equinix.Config
---@field transport table the port
---@field emit fun(name: string, fields: table)
---@field secret fun(): string as it was read last
---@field key fun(): string of the slot
---@field package open_slot? equinix.slot for renewals: it lives as long as
---  the last of them
---@field package hits equinix.slot for hits: it ends when the client closes
---@field package retry_at? number on core.now(): this place could not send,
---  and goes on with a token that is there until then
local Source = { renews = true }
Source.__index = Source

---@class equinix.Want what a caller needs
---@field deadline number on core.now()
---@field renew? boolean not the token that is there now
---@field force? boolean in spite of back-off and latch
---@field min_life? number seconds that must be left
---@field traceparent? string goes out with a token request that it leads
---@field slot? equinix.slot the slot that was read last, and
---@field unwanted? integer the serial of the token there that won't do

---@class equinix.Found a token, as callers of this file pass it on
---@field header string
---@field serial? integer of the token in the slot; nil: it is in none
---@field record? string of the slot, or
---@field fields? table the token's, where it is in no slot

local function use_secret(self, secret) -- in functions, which no dump shows
  local key = cache_key.key(self.config, secret)
  self.client_id = self.config.supplied and self.config.client_id
  self.secret = function()
    return secret
  end
  self.key = function()
    return key
  end
  self.open_slot = nil
end

--- The slot. Its key holds the secret as read, so a secret file that has
--- changed leads to another slot.
---@param deadline? number on core.now(), where the secret takes time
---@return equinix.slot|nil
---@return equinix.Error|nil the secret can't be read
function Source:slot(deadline)
  local config = self.config
  if config.secret_rotates then
    local secret, reason = config.secret(self.transport,
      deadline or core.now() + config.timeout)
    if not secret then
      return nil, errors.is(reason) and reason or errors.make("config", reason)
    elseif not self.secret or secret ~= self.secret()
      or (config.supplied and self.client_id ~= config.client_id) then
      use_secret(self, secret)
    end
  end
  if not self.open_slot then
    -- Not sooner: the first digest loads libcrypto's configuration.
    local slot = core.tokens.open(self.key())
    self.hits:reopen(self.key())
    self.open_slot = slot
  end
  return self.open_slot
end

--- Counts one more, for all callers that share the slot.
---@param name "token_requests"|"tokens"|"failures"|"rejections"
function Source:count(name)
  counters.count(self.open_slot, name)
end

---@return table<string, integer>
function Source:stats()
  return counters.all(self.open_slot or self:slot())
end

function Source:snapshot(slot, want) -- seen with this caller's needs
  local state, serial, header, record, left = slot:read()
  if want.slot ~= slot then
    want.slot, want.unwanted = slot, nil -- serials are each slot's own
  end
  if want.unwanted == nil and (want.renew
      or (header and want.min_life and left < want.min_life)) then
    want.unwanted = serial
  end
  local seen = { state = state, serial = serial }
  if header and serial ~= want.unwanted then
    seen.usable = { header = header, serial = serial, record = record }
  end
  return seen
end

-- The secret is read again only where what is there can't be served as it is;
-- if it can't be read, or takes long, the old token still serves.
function Source:locate(want)
  local slot = self.open_slot
  local seen = slot and self:snapshot(slot, want) or {}
  if slot and (not self.config.secret_rotates
      or (seen.usable and seen.state == "fresh")) then
    return slot, seen
  end
  local current, err = self:slot(seen.usable and math.min(want.deadline,
    core.now() + (self.transport.blocking and INLINE_SECONDS or 0))
    or want.deadline)
  if current and current ~= slot then
    seen = self:snapshot(current, want)
  end
  return current, seen, err
end

-- -> "found", equinix.Found | "failed", equinix.Error | "again": look again
function Source:wait(slot, want, seen, lease, own, mine)
  local usable = seen.usable
  if usable and (seen.state == "advisory"
      or (own and self.transport.blocking)) then
    return "found", usable
  elseif own and self.transport.blocking then
    return "failed", no_token.own_renewal()
  end
  local seconds = want.deadline - core.now()
  if usable then
    seconds = math.min(seconds, MANDATORY_SECONDS)
  end
  local kind, a, b, c = await.renewal(self.transport, slot, lease,
    math.max(0, seconds))
  if kind == "published" then
    return "found", { serial = a, header = b, record = c }
  elseif kind == "gone" and not (mine and mine.own_err) then
    return "again"
  end
  local now = self:snapshot(slot, want) -- the old token may have ended
  if now.usable then
    return "found", now.usable
  elseif kind == "failed" then
    return "failed", shared_error.shared(a, b)
  elseif kind == "gone" then
    return "failed", mine.own_err
  elseif usable then
    return "again" -- nothing to fall back on any more: wait on
  end
  return "failed", no_token.timed_out()
end

local function report_crowding(self, crowding)
  local info = core.tokens.info()
  self.emit("cache_full", { action = crowding, places = info.slots,
    evicted = info.evicted })
end

local function tell(self, turn, seen, seconds)
  self.emit("token_turn", { turn = turn, state = seen.state,
    seconds = turn == "backoff" and seconds or nil })
end

-- At the side, where the transport can: nothing that happens to this caller
-- ends the renewal then; it is one of the waiters.
local function lead(self, slot, want, seen, lease, last, rejected, crowding)
  if crowding then
    report_crowding(self, crowding)
  end
  if self.owed then
    self.owed:release()
  end
  local mine = renewal.new(self, slot, {
    lease = lease, last = last, rejected = rejected, want = want,
    state = seen.usable and seen.state,
  })
  local spawn = self.transport.spawn
  if spawn and spawn(function()
    mine:run_aside()
  end) then
    return mine
  end
  return nil, mine:run_inline()
end

function Source:after_lead(slot, want, seen, lease, ok, mine, found, err)
  if not ok then
    slot:release(lease) -- where it was not ended
    error(mine, 0)
  elseif mine then
    return self:wait(slot, want, seen, lease, false, mine)
  end
  if not found and seen.usable then
    found = self:snapshot(slot, want).usable
    if not found and err.code == "token_wait" then
      return "again" -- it has ended, and nothing was tried
    end
  end
  return found and "found" or "failed", found or err
end

function Source:rests(slot, state, reason) -- no renewal is tried
  return state == "fresh" or not slot or reason ~= nil
    or core.now() < (self.retry_at or 0)
end

function Source:take_part(slot, want, seen, reason, turn, a, ...) -- as wait
  if turn == "ready" then
    return "again" -- a token was published meanwhile
  elseif turn == "backoff" and seen.usable then
    return "found", seen.usable
  elseif turn == "backoff" then
    return "failed", ... and shared_error.shared((...), a)
      or no_token.short_lived(a)
  elseif turn == "wait" then
    return self:wait(slot, want, seen, a, ...)
  end
  slot:release(a)
  return "failed", reason
end

local function obtain(self, want) -- by the rules at the top
  local transport, supplied = self.transport, self.config.supplied
  while true do
    if self.closed then
      return errors.fail("closed", "the client was closed meanwhile")
    end
    local slot, seen, err = self:locate(want)
    local reason = not (seen.usable and seen.state == "fresh")
      and no_token.unable(transport) or nil
    if seen.usable and self:rests(slot, seen.state, reason) then
      return seen.usable
    elseif not slot or (reason and not transport.can_wait()) then
      return nil, err or reason
    elseif core.now() >= want.deadline then
      return nil, no_token.timed_out()
    end
    local turn, a, b, c, crowding = slot:acquire(seen.serial,
      want.force or false, self.config.lease_seconds)
    pcall(tell, self, turn, seen, a)
    local kind, result
    if turn == "lead" and not reason then -- protected at once
      kind, result = self:after_lead(slot, want, seen, a,
        pcall(lead, self, slot, want, seen, a, b, c, crowding))
    else
      kind, result = self:take_part(slot, want, seen, reason, turn, a, b)
    end
    if kind == "found" then
      return result
    elseif kind == "failed" and not (supplied
      and supplied:asks_anew(want, result, self.open_slot ~= slot)) then
      return nil, result
    end
  end
end

---@param want equinix.Want
---@return string|nil header
---@return equinix.Error|nil
function Source:get(want)
  local found, err = obtain(self, want)
  return found and found.header or nil, err
end

--- The token, by the same rules: the same table until it is renewed.
---@param want equinix.Want
---@return equinix.Token|nil
---@return equinix.Error|nil
function Source:token(want)
  local found, err = obtain(self, want)
  if not found then
    return nil, err
  elseif not found.serial then
    return token.public(found.fields)
  end
  if self.token_serial ~= found.serial or not self.token_table then
    self.token_serial = found.serial
    self.token_table = token.public(token.decode(found.record))
  end
  if not self.token_table then
    return nil, no_token.unreadable()
  end
  return self.token_table
end

---@return equinix.Token|nil
---@return number|nil left seconds until its end, where it may be served
function Source:peek()
  local slot = self.open_slot or self:slot()
  if not slot then
    return nil
  end
  local _, _, header, record, left = slot:read()
  return token.decode(record), header and left
end

local function reject(self, rule, header) -- by a rule of rejection.lua
  local slot = self.open_slot
    or not self.config.secret_rotates and self:slot()
  if not slot then
    return false, false
  end
  local first, stays = rejection[rule](slot, header)
  if first then
    self:count "rejections"
    self.emit("token_rejected", {})
  end
  return first, stays
end

--- Marks the token behind a header as refused, if it is current. No I/O.
---@param header string "Bearer ..."
---@return boolean whether it is refused now
---@return boolean stays it is the current one and goes on serving
function Source:reject(header)
  return reject(self, "reject", header)
end

--- The same after a 401, which may be a verdict of one path only.
---@param header string "Bearer ..."
---@return boolean whether it is refused now
---@return boolean stays it is the current one and goes on serving
function Source:unauthorized(header)
  return reject(self, "unauthorized", header)
end

--- Drops and wipes the token in every level; back-off and latch stay.
function Source:forget()
  self.token_table = nil
  local slot = self.open_slot or self:slot()
  if slot then
    slot:forget()
    if self.config.store then
      distributed.forget(self)
    end
  end
end

--- Ends it: no more hits, no new renewals. One in flight goes on, for others.
function Source:close()
  self.closed, self.token_table = true, nil
  self.hits:close()
end

---@param config equinix.Config
---@param transport table the port
---@param emit fun(name: string, fields: table)
---@return equinix.TokenSource
function M.new(config, transport, emit)
  local self = setmetatable({
    config = config,
    transport = transport,
    emit = emit,
    hits = core.tokens.open(), -- closed, until there is a key
    owed = false, -- equinix.Peers whose locks could not be given back
  }, Source)
  self.hit = fast_path.bind(self.hits)
  self.authorization = fast_path.bind(self.hits, function()
    return self:get { deadline = core.now() + config.timeout }
  end, not transport.blocking)
  if not config.secret_rotates then
    use_secret(self, (config.secret()))
  end
  return self
end

return M
