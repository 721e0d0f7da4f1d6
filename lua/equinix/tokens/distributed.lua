--- distributed: one token for all processes and machines that share a store.
--
-- Law of this file: who leads in his process asks the store before he asks
-- Equinix. A token or a failure that another one left there is his too; while
-- another one holds the lock he waits for what comes of it; and after he got
-- the lock he reads again. Where the store fails he goes on alone, but then
-- no refresh token is presented: another one may have presented it.

local core = require "equinix.core"
local failure = require "equinix.tokens.shared_error"
local record = require "equinix.tokens.record"
local shelf = require "equinix.store.shelf"
local token = require "equinix.oauth.token"
local visit = require "equinix.store.session"

local M = {}

local LEASE_MARGIN = 5 -- seconds beyond the flight's deadline
local FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25 -- seconds, between two looks

---@class equinix.Turn what a leader does at the second level
---@field shelf equinix.Shelf
---@field lease any nil where the store failed
---@field record table as it rests there
local Turn = {}
Turn.__index = Turn

-- The token in the first level is why this leader is here: it won't do.
local function names(flight)
  local old = token.decode(flight.record)
  return { [old and old.access_token or ""] = true }
end

-- The store's own clock is a second opinion on how long it is of use.
function Turn:read()
  local text, ttl = self.shelf:read()
  self.record = text and record.decode(text) or {}
  self.ttl = tonumber(ttl) or math.huge
end

--- A token that another one left, and how old it is.
---@return table|nil found {fields, age}
function Turn:left_behind()
  local fields, left = record.token(self.record, core.time())
  left = math.min(left, self.ttl)
  if fields and not self.unwanted[fields.access_token]
    and left > (self.flight.min_life or 0) then
    return { fields = fields, age = fields.expires_in - left }
  end
end

-- One that is not near its end: whoever comes here is to renew.
function Turn:fresh()
  local found = self:left_behind()
  return found and token.times(-found.age, found.fields.expires_in, 0.5)
    .advisory > 0 and found or nil
end

-- A failure that another one left: while it holds everybody back, or when it
-- came while this one waited.
function Turn:failure()
  local wall, now = core.time(), core.now()
  local pause = record.pause(self.record, wall)
  local failed = self.record.failed
  if failed ~= self.seen or (pause > 0 and not self.flight.force) then
    local last = record.last(self.record, wall, now)
    return last.kind and { last = last, pause = pause } or nil
  end
end

-- What the record means for the leader; nil: nothing yet. What is near its
-- end is better than a failure.
function Turn:judge()
  local found, failed = self:fresh(), self:failure()
  if not found and failed then
    found = self:left_behind()
  end
  if found then
    return "token", found
  elseif failed then
    return "failed", failed
  end
end

--- Who leads among all who share the store?
---
---     "token", {fields, age}    nobody has to: this one will do
---     "failed", {last, pause}   nobody may
---     "lead"                    this one, with or without the store
---     "late"                    another one did, until the deadline
---
---@param deadline number on core.now(), for waiting
---@return string what
---@return table|nil found
function Turn:enter(deadline)
  self:read()
  self.seen = self.record.failed
  if self.flight.renew and self.record.token then
    self.unwanted[self.record.token.access_token] = true
  end
  local pause = FIRST_PAUSE
  while true do
    local what, found = self:judge()
    if what then
      return what, found
    end
    local lease, busy = self.shelf:lock(self.seconds)
    if lease then
      self.lease = lease
      self:read()
      what, found = self:judge()
      return what or "lead", found
    elseif not busy then
      return "lead"
    end
    local left = deadline - core.now()
    if left <= 0 then
      found = self:left_behind()
      return found and "token" or "late", found
    end
    self.transport.sleep(math.min(pause, left))
    pause = math.min(LONGEST_PAUSE, pause * 2)
    self:read()
  end
end

--- The refresh token that may be presented, by what rests there: nobody else
--- presents it as long as the lock is ours.
---@return equinix.Token|nil
---@return string|nil spent fingerprint of one that was presented
function Turn:token()
  if not self.lease then
    return nil
  end
  return self.record.token, (self.record.last or {}).spent
end

function Turn:save(changed)
  if not self.lease then
    return false
  end
  local text, ttl = record.encode(changed, core.time())
  if ttl <= 0 or not self.shelf:write(text, ttl, self.lease) then
    return false
  end
  self.record = changed
  return true
end

--- Notes a refresh token as spent. Only then it may be sent.
---@param mark string its fingerprint
---@return boolean
function Turn:spend(mark)
  return self:save(record.spending(self.record, mark))
end

--- Reads again after a refresh token was not accepted: somebody may have been
--- quicker after all.
---@return table|nil found {fields, age}
function Turn:second_look()
  if self.lease then
    self:read()
    return self:fresh()
  end
end

--- What is known there about failures goes over what this process knows: how
--- many there were in a row, and which refresh token was presented.
---@param last table of failure.decode
function Turn:remind(last)
  local known = self.record.last
  if known then
    last.streak = tonumber(known.streak) or last.streak
    last.spent = known.spent or last.spent
  end
end

--- Where the account's bad attempts are counted; nil: the store failed.
---@param identity string of grant.identity
---@return equinix.Shelf|nil
function Turn:latch(identity)
  return self.lease and shelf.latch(self.shelf.visit, identity) or nil
end

--- Saves a new token, before anybody gets it.
---@param fields equinix.Token
---@param start number when its request began, on core.now()
function Turn:renewed(fields, start)
  self:save(record.renewed(fields, core.time() - (core.now() - start)))
end

--- Saves a failure, for all who share the store.
---@param text string of failure.encode
---@param pause number seconds
function Turn:failed(text, pause)
  self:read() -- a token that was forgotten meanwhile must not come back
  self:save(record.failed(self.record, failure.decode(text), pause,
    core.time(), core.now()))
end

--- Takes the record away again.
function Turn:drop()
  self.shelf:drop()
end

--- Gives the lock back. Doing it again does nothing.
function Turn:leave()
  if self.lease then
    self.shelf:unlock(self.lease)
    self.lease = nil
  end
end

--- Begins a leader's turn; nil where the client has no store, or none that
--- may be used.
---@param self equinix.Flight
---@param flight equinix.Lead
---@return equinix.Turn|nil
function M.turn(self, flight)
  if not self.config.store then
    return nil
  end
  local secret = flight.secret
  local reason = shelf.forbids(secret)
  local use = visit.new(self.config.store, self.emit)
  if reason then
    if self.forbidden ~= reason then
      self.forbidden = reason
      use:tell("save", reason)
    end
    return nil
  end
  return setmetatable({
    shelf = shelf.token(use, secret, flight.key),
    transport = self.transport,
    flight = flight,
    seconds = self.config.timeout + LEASE_MARGIN,
    unwanted = names(flight),
    record = {},
    ttl = math.huge,
  }, Turn)
end

--- Drops the token at the second level. A failure that holds others back
--- stays, as it does at the first.
---@param self equinix.Flight
function M.forget(self)
  local turn = M.turn(self, { secret = self.secret(), key = self.key() })
  if not turn then
    return
  end
  turn.lease = turn.shelf:lock(turn.seconds)
  turn:read()
  turn.record.token = nil
  if record.pause(turn.record, core.time()) == 0
    or not turn:save(turn.record) then
    turn.shelf:drop()
  end
  turn:leave()
end

return M
