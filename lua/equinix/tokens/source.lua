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
local distributed = lazy "equinix.tokens.distributed"
local errors = lazy "equinix.base.error"
local fast_path = require "equinix.tokens.fast_path"
local no_token = lazy "equinix.tokens.no_token"
local rejection = lazy "equinix.tokens.rejection"
local renewal = lazy "equinix.tokens.renewal"
local shared_error = lazy "equinix.tokens.shared_error"
local token = lazy "equinix.oauth.token"

local M = {}

local MANDATORY_SECONDS = 2 -- that a waiter with a usable token waits

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

-- What depends on the secret. Kept in functions: no dump of a table shows it.
local function use_secret(self, secret)
  local key = cache_key.key(self.config, secret)
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
---@return equinix.slot|nil
---@return equinix.Error|nil the secret file can't be read
function Source:slot()
  if self.config.secret_rotates then
    local secret, reason = self.config.secret()
    if not secret then
      return errors.fail("config", reason)
    elseif not self.secret or secret ~= self.secret() then
      use_secret(self, secret)
    end
  end
  if not self.open_slot then
    -- Not sooner: the first digest loads libcrypto's configuration.
    local key = self.key()
    self.open_slot = core.tokens.open(key)
    self.hits:reopen(key)
  end
  return self.open_slot
end

-- What is counted for all callers that share the slot.
local COUNTERS = { token_requests = 1, tokens = 2, failures = 3,
  rejections = 4 }

--- Counts one more of them.
---@param name "token_requests"|"tokens"|"failures"|"rejections"
function Source:count(name)
  self.open_slot:count(COUNTERS[name], 1)
end

--- All counters, as all callers that share the token see them.
---@return table<string, integer>
function Source:stats()
  local slot = self.open_slot or self:slot()
  local counts = slot and slot:counters() or {}
  local stats = {}
  for name, i in pairs(COUNTERS) do
    stats[name] = counts[i] or 0
  end
  return stats
end

-- What the slot holds, seen with this caller's needs.
function Source:snapshot(slot, want)
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

-- The slot and what it holds. A secret file is read only when what is there
-- can't be served as it is; when the file can't be read, the old token still
-- serves.
function Source:locate(want)
  local slot = self.open_slot
  local seen = slot and self:snapshot(slot, want) or {}
  if slot and (not self.config.secret_rotates
      or (seen.usable and seen.state == "fresh")) then
    return slot, seen
  end
  local current, err = self:slot()
  if current and current ~= slot then
    seen = self:snapshot(current, want)
  end
  return current, seen, err
end

-- Another caller leads, or `mine` runs at the side. -> "found", equinix.Found
-- | "failed", equinix.Error | "again": nothing came of it, so look once more.
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

-- This caller leads. Where the transport can run something at the side, that
-- renews, and nothing that happens to this caller ends the renewal; it is
-- one of the waiters then. Returns like wait().
function Source:lead(slot, want, seen, lease, last, rejected)
  local mine = renewal.new(self, slot, {
    lease = lease, last = last, rejected = rejected, want = want,
    state = seen.usable and seen.state,
  })
  local spawn = self.transport.spawn
  if spawn and spawn(function()
    mine:run_aside()
  end) then
    return self:wait(slot, want, seen, lease, false, mine)
  end
  local found, err = mine:run_inline()
  if not found and seen.usable then
    found = self:snapshot(slot, want).usable -- it may have ended
  end
  if found then
    return "found", found
  end
  return "failed", err
end

-- Whether a token that is there is served without an attempt to renew it.
function Source:rests(slot, state, reason)
  return state == "fresh" or not slot or reason ~= nil
    or core.now() < (self.retry_at or 0)
end

-- This caller leads, or another one does: it takes part. Returns like wait().
function Source:take_part(slot, want, seen, reason, turn, a, ...)
  if turn ~= "lead" then
    return self:wait(slot, want, seen, a, ...)
  elseif reason then
    slot:release(a)
    return "failed", reason
  end
  return self:lead(slot, want, seen, a, ...)
end

-- The cache had no free place for the token that is fetched now.
local function report_crowding(self, crowding)
  local info = core.tokens.info()
  self.emit("cache_full", { action = crowding, places = info.slots,
    evicted = info.evicted })
end

-- The token, by the rules at the top.
local function obtain(self, want)
  local transport = self.transport
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
    if crowding then
      report_crowding(self, crowding)
    end
    if turn == "backoff" then
      if seen.usable then
        return seen.usable
      end
      return nil, b and shared_error.shared(b, a) or no_token.short_lived(a)
    elseif turn ~= "ready" then -- no token was published meanwhile
      local kind, result = self:take_part(slot, want, seen, reason, turn, a, b,
        c)
      if kind == "found" then
        return result
      elseif kind == "failed" then
        return nil, result
      end
    end
  end
end

--- The header, by the rules at the top.
---@param want equinix.Want
---@return string|nil header
---@return equinix.Error|nil
function Source:get(want)
  local found, err = obtain(self, want)
  if not found then
    return nil, err
  end
  return found.header
end

--- The token, by the same rules: the same table for the same token, until it
--- is renewed.
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

--- The token in the slot, whatever its state; asks for none.
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

-- By one of the two rules of rejection.lua. Where the slot is found by reading
-- a file, it is not looked for.
local function reject(self, rule, header)
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

--- Marks the token behind a header as refused, if it is the current one.
--- No I/O, any phase.
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

--- Ends it: no more hits, no new renewals. A renewal in flight goes on to its
--- end, for the other callers that share the token.
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
