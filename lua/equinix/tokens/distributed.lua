--- distributed: one token for all processes and machines that share a store.
--
-- Law of this file: the leader of a process asks the store before it asks
-- Equinix. A token or an error that another process left there is its own,
-- too; while another one holds the lock it waits for what comes of that; and
-- after it got the lock it reads again. Where the store fails it goes on
-- alone, but then no refresh token is presented: another process may have
-- presented it.

local lazy = require "equinix.base.lazy"

local await = require "equinix.transport.await"
local core = require "equinix.core"
local lockout_page = lazy "equinix.oauth.lockout_page"
local record = require "equinix.tokens.record"
local session = require "equinix.store.session"
local shared_error = lazy "equinix.tokens.shared_error"
local token = require "equinix.oauth.token"

local M = {}

---@class equinix.Peers the other processes, as a leader meets them in a store
---@field stored equinix.StoredRecord
---@field lease any nil where the store failed
---@field record table as it is stored
---@field package renewal equinix.Renewal
local Peers = {}
Peers.__index = Peers

-- The access token that made this leader renew: it won't do.
local function unwanted(renewal)
  local old = token.decode(renewal.record)
  return { [old and old.access_token or ""] = true }
end

-- The store's own clock is a second opinion on how long the record is of use.
function Peers:read()
  local text, ttl = self.stored:read()
  self.record = text and record.decode(text) or {}
  self.ttl = tonumber(ttl) or math.huge
end

--- A token that another process left, and how old it is.
---@return {fields: equinix.Token, age: number}|nil
function Peers:left_behind()
  local fields, left = record.token(self.record, core.time())
  left = math.min(left, self.ttl)
  if fields and not self.unwanted[fields.access_token]
    and left > (self.renewal.min_life or 0) then
    return { fields = fields, age = fields.expires_in - left }
  end
end

-- One that is not near its end: a leader is here to renew.
function Peers:fresh()
  local found = self:left_behind()
  return found and token.times(-found.age, found.fields.expires_in, 0.5)
    .advisory > 0 and found or nil
end

-- An error that another process left: while it holds all callers back, or
-- when it came while this leader waited.
function Peers:error()
  local wall, now = core.time(), core.now()
  local pause = record.pause(self.record, wall)
  local failed = self.record.failed
  if failed ~= self.seen or (pause > 0 and not self.renewal.force) then
    local last = record.last(self.record, wall, now)
    return last.kind and { last = last, pause = pause } or nil
  end
end

-- What the record means for the leader; nil: nothing yet. A token that is
-- near its end is better than an error.
function Peers:judge()
  local found, failed = self:fresh(), self:error()
  if not found and failed then
    found = self:left_behind()
  end
  if found then
    return "token", found
  elseif failed then
    return "failed", failed
  end
end

-- One try to lead; nil: another process does.
function Peers:try()
  local kind, result = self:judge()
  if kind then
    return kind, result
  end
  local lease, busy = self.stored:lock(self.seconds)
  if lease then
    self.lease = lease
    self:read()
    kind, result = self:judge()
    return kind or "lead", result
  elseif not busy then
    return "lead"
  end
end

--- Asks to lead among all that share the store.
---
---     "token", {fields, age}    not needed: this token will do
---     "failed", {last, pause}   no process may
---     "lead"                    this one, with or without the store
---     "late"                    another one did, until the deadline
---
---@param deadline number on core.now(), for waiting
---@return "token"|"failed"|"lead"|"late" kind
---@return table|nil result
function Peers:acquire(deadline)
  self:read()
  self.seen = self.record.failed
  if self.renewal.renew and self.record.token then
    self.unwanted[self.record.token.access_token] = true
  end
  local kind, result = await.poll(self.transport, await.STORE, deadline,
    function(again)
      if again then
        self:read()
      end
      return self:try()
    end)
  if kind then
    return kind, result
  end
  result = self:left_behind()
  return result and "token" or "late", result
end

--- The refresh token that may be presented, by what is stored: no other
--- process presents it as long as this one has the lock.
---@return equinix.Token|nil
---@return string|nil spent fingerprint of one that was presented
function Peers:token()
  if not self.lease then
    return nil
  end
  return self.record.token, (self.record.last or {}).spent
end

function Peers:save(changed)
  if not self.lease then
    return false
  end
  local text, ttl = record.encode(changed, core.time())
  if ttl <= 0 or not self.stored:write(text, ttl, self.lease) then
    return false
  end
  self.record = changed
  return true
end

--- Notes a refresh token as spent. Only then it may be sent.
---@param fingerprint string
---@return boolean
function Peers:spend(fingerprint)
  self.unspent = self.record
  return self:save(record.spending(self.record, fingerprint))
end

--- Takes that back: it was not sent.
function Peers:unspend()
  self:save(self.unspent)
end

--- Reads again after a refresh token was not accepted: another process may
--- have been quicker after all.
---@return {fields: equinix.Token, age: number}|nil
function Peers:second_look()
  if self.lease then
    self:read()
    return self:fresh()
  end
end

--- What is known there about errors goes over what this process knows: how
--- many there were in a row, and which refresh token was presented.
---@param last table of shared_error.decode
function Peers:remind(last)
  local known = self.record.last
  if known then
    last.streak = tonumber(known.streak) or last.streak
    last.spent = known.spent or last.spent
  end
end

--- Where the account's bad attempts are counted; nil: the store failed.
---@param identity string of cache_key.identity
---@return equinix.StoredRecord|nil
function Peers:latch(identity)
  return self.lease
    and self.stored.session:latches(lockout_page.number(identity)) or nil
end

--- Saves a new token, before any caller gets it.
---@param fields equinix.Token
---@param start number when its request began, on core.now()
function Peers:renewed(fields, start)
  self:save(record.renewed(fields, core.time() - (core.now() - start)))
end

--- Saves an error, for all that share the store.
---@param text string of shared_error.encode
---@param pause number seconds
function Peers:failed(text, pause)
  self:read() -- a token that was forgotten meanwhile must not come back
  self:save(record.failed(self.record, shared_error.decode(text), pause,
    core.time(), core.now()))
end

--- Deletes the record.
function Peers:drop()
  self.stored:drop()
end

--- Gives the lock back. Doing it again does nothing.
function Peers:release()
  if self.lease then
    self.stored:unlock(self.lease)
    self.lease = nil
  end
end

--- The peers of a leader; nil where the client has no store, or none that may
--- be used.
---@param source equinix.TokenSource
---@param renewal equinix.Renewal
---@return equinix.Peers|nil
function M.new(source, renewal)
  local store, secret = source.config.store, renewal.secret
  if not store then
    return nil
  end
  local reason = session.forbids(secret)
  local use = session.new(store, source.emit)
  if reason then
    if source.forbidden ~= reason then
      source.forbidden = reason
      use:report("save", reason)
    end
    return nil
  end
  return setmetatable({
    stored = use:token(secret, renewal.key),
    transport = source.transport,
    renewal = renewal,
    seconds = source.config.lease_seconds,
    unwanted = unwanted(renewal),
    record = {},
    ttl = math.huge,
  }, Peers)
end

--- Drops the token at the second level. An error that holds others back
--- stays, as it does at the first.
---@param source equinix.TokenSource
function M.forget(source)
  local peers = M.new(source, { secret = source.secret(), key = source.key() })
  if not peers then
    return
  end
  peers.lease = peers.stored:lock(peers.seconds)
  peers:read()
  peers.record.token = nil
  if record.pause(peers.record, core.time()) == 0
    or not peers:save(peers.record) then
    peers.stored:drop()
  end
  peers:release()
end

return M
