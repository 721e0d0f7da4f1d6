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

local function timed_out()
  return errors.make("timeout", "the deadline passed while waiting for "
    .. "a token (perhaps another caller's request for it); allow a longer "
    .. "timeout", { code = "token_wait" })
end

local function cannot_wait()
  return errors.make("config", "no token is cached, and this place may not "
    .. "wait for one; call client:token() earlier, where waiting is allowed", {
    code = "cannot_wait",
  })
end

-- A token without a life serves the callers that waited for it.
local function short_lived(seconds)
  return errors.make("protocol", ("the last token of the token endpoint was "
    .. "good for less than a second, and there is one request a second at "
    .. "most: the next one in %d s"):format(math.ceil(seconds)),
    { code = "short_lived", retryable = true, retry_after = seconds })
end

local function own_renewal()
  return errors.make("config", "this thread is renewing this very "
    .. "token, so waiting for it would never end; don't use the client in a "
    .. "callback of its own renewal", { code = "own_flight" })
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

-- Another caller leads. -> "found", equinix.Found | "failed", equinix.Error
-- | "again": nothing came of it, so look once more.
function Source:wait(slot, want, seen, lease, own)
  local usable = seen.usable
  if usable and (seen.state == "advisory"
      or (own and self.transport.blocking)) then
    return "found", usable
  elseif own and self.transport.blocking then
    return "failed", own_renewal()
  end
  local seconds = want.deadline - core.now()
  if usable then
    seconds = math.min(seconds, MANDATORY_SECONDS)
  end
  local kind, a, b, c = await.renewal(self.transport, slot, lease,
    math.max(0, seconds))
  if kind == "published" then
    return "found", { serial = a, header = b, record = c }
  elseif kind == "gone" then
    return "again"
  end
  local now = self:snapshot(slot, want) -- the old token may have ended
  if now.usable then
    return "found", now.usable
  elseif kind == "failed" then
    return "failed", shared_error.shared(a, b)
  elseif usable then
    return "again" -- nothing to fall back on any more: wait on
  end
  return "failed", timed_out()
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
    return self:wait(slot, want, seen, lease, false)
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

-- The token, by the rules at the top.
local function obtain(self, want)
  while true do
    if self.closed then
      return errors.fail("closed", "the client was closed meanwhile")
    end
    local slot, seen, err = self:locate(want)
    if seen.usable and (seen.state == "fresh" or not slot
        or not self.transport.can_wait()) then
      return seen.usable
    elseif not slot then
      return nil, err
    elseif not self.transport.can_wait() then
      return nil, cannot_wait()
    elseif core.now() >= want.deadline then
      return nil, timed_out()
    end
    local turn, a, b, c = slot:acquire(seen.serial, want.force or false,
      self.config.lease_seconds)
    if turn == "backoff" then
      if seen.usable then
        return seen.usable
      end
      return nil, b and shared_error.shared(b, a) or short_lived(a)
    elseif turn ~= "ready" then -- no token was published meanwhile
      local take_part = turn == "lead" and self.lead or self.wait
      local kind, result = take_part(self, slot, want, seen, a, b, c)
      if kind == "found" then
        return result
      elseif kind == "failed" then
        return nil, result
      end
    end
  end
end

local function unreadable()
  return errors.fail("protocol", "the token in the cache can't be read; call "
    .. "client:forget(), and report it", { code = "bad_record" })
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
    return token.new(found.fields)
  end
  if self.token_serial ~= found.serial or not self.token_table then
    self.token_serial = found.serial
    self.token_table = token.decode(found.record)
  end
  if not self.token_table then
    return unreadable()
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
