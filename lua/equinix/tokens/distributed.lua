--- distributed: one token for all processes and machines that share a store.
--
-- Law of this file: the leader of a process asks the store before it asks
-- Equinix. A token or an error that another process left there is its own,
-- too; while another one holds the lock it waits for what comes of that; and
-- after it got the lock it reads again.
--
-- A leader that died, or that can't reach the store any more, holds no other
-- up for long. Its lock ends; and half-way to its deadline a waiter waits no
-- longer: one of them gets a second lock, of a place for the successor, leads
-- and leaves its token there, and the rest look there, too. Where the store
-- fails the leader goes on alone. No refresh token is presented without the
-- first lock: another process may have presented it. Who has a token that is
-- not saved yet saves it as soon as the store lets it, if nothing newer is
-- there (spare_token.lua).

local lazy = require "equinix.base.lazy"

local await = require "equinix.transport.await"
local core = require "equinix.core"
local finding = require "equinix.tokens.finding"
local lockout_page = lazy "equinix.oauth.lockout_page"
local place = require "equinix.tokens.place"
local record = require "equinix.tokens.record"
local session = require "equinix.store.session"
local shared_error = lazy "equinix.tokens.shared_error"
local spare_token = lazy "equinix.tokens.spare_token"

local M = {}

-- Seconds between two tries to get a busy lock: meanwhile a waiter only reads.
local TRY, SUCCESSOR_TRY = 1.5, 2
-- The part of what is left that one step may take: enough has to be left for a
-- token request without the store.
local SHARE = 1 / 3
-- Seconds of a step where the caller has a usable token.
local BRIEF = 0.5
-- Seconds for which a waiter looks again where the store fails.
local PATIENCE = 5

local look = finding.look

---@class equinix.Peers the other processes, as a leader meets them in a store
---@field session equinix.StoreSession
---@field main equinix.Place
---@field successor equinix.Place
---@field package renewal equinix.Renewal
---@field package deadline number on core.now(), for all steps
---@field package brief? number seconds that one step may take
local Peers = {}
Peers.__index = Peers

--- A token that another process left.
---@return {fields: equinix.Token, age: number}|nil
function Peers:left_behind()
  return finding.token(self, self.main)
    or finding.token(self, self.successor)
end

--- The same, read again after a failure.
---@return {fields: equinix.Token, age: number}|nil
function Peers:spare()
  local found = self:left_behind()
  if not found and self.session:again() then
    self.main:read()
    finding.read_successor(self)
    found = self:left_behind()
  end
  return found
end

-- With the lock. A token that a successor left moves to where all look first.
local function look_under_lock(self)
  local kind, result = look(self, self.main)
  if kind then
    return kind, result
  end
  kind, result = look(self, self.successor)
  if kind == "token" and self.main:save(self.successor.record) then
    self.successor.stored:drop()
  end
  return kind or "lead", result
end

local function alone(self) -- without a lock, where the store failed
  return self.session.failed and "lead" or nil
end

-- One try to become the successor; nil: another process is.
local function try_to_succeed(self)
  local taken, busy = self.successor:take()
  if taken then
    local kind, result = look(self, self.successor)
    return kind or "lead", result
  elseif not busy then
    return alone(self)
  end
end

-- One try to lead; nil: another process does.
local function try(self, late, again)
  local taken, busy = self.main:take()
  if taken then
    return look_under_lock(self)
  elseif not busy then
    return alone(self)
  end
  if again then
    local kind, result = look(self, self.successor)
    if kind then
      return kind, result
    end
  end
  if late then
    return try_to_succeed(self)
  end
end

-- Whether the store failed for good: a waiter looks again for a while.
local function is_lost(self, now, late)
  if not self.session.failed then
    self.failing = nil
    return false
  end
  self.failing = self.failing or now
  return late or core.now() - self.failing > PATIENCE
    or not self.session:again()
end

-- One look of a waiter. `half` is when it stops waiting for the leader.
local function turn(self, half, again)
  local now = core.now()
  local late = now >= half
  if again then
    local kind, result = look(self, late and self.successor or self.main)
    if kind then
      return kind, result
    elseif is_lost(self, now, late) then
      return "lead" -- alone
    end
  end
  if now < self.next_try and (self.late or not late) then
    return nil
  end
  self.late = late
  self.next_try = now + (late and SUCCESSOR_TRY or TRY)
  if late and again then
    local kind, result = look(self, self.main)
    if kind then
      return kind, result
    end
    result = self:left_behind()
    if result then
      return "token", result -- near its end, but good
    end
  end
  return try(self, late, again)
end

-- What is there before anything was tried.
local function first_look(self)
  self.main:first_read()
  if not self.renewal.renew then
    return
  end
  self.successor:first_read()
  for _, at in ipairs { self.main, self.successor } do
    if at.record.token then
      self.unwanted[at.record.token.access_token] = true
    end
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
  local now = core.now()
  self.session:within(self.deadline, SHARE, self.brief)
  self.next_try, self.late = now, false
  -- With a usable token there is nothing to hurry for.
  local half = self.renewal.has_token and math.huge
    or now + (deadline - now) / 2
  first_look(self)
  local kind, result = finding.or_left(self, finding.judge(self, self.main))
  if not kind then
    kind, result = await.poll(self.transport, await.STORE, deadline,
      function(again)
        return turn(self, half, again)
      end)
  end
  if kind then
    return kind, result
  end
  result = self:left_behind()
  return result and "token" or "late", result
end

-- While this process leads ---------------------------------------------------

--- Whether a lock is held that has to be extended now and then, and how.
---@return equinix.transport.meanwhile|nil
function Peers:meanwhile()
  local every = self.main.lease and self.main.every
    or self.successor.lease and self.successor.every
  return every and {
    every = every / 2,
    call = function()
      self.main:keep()
      self.successor:keep()
    end,
  } or nil
end

--- The response has come: what is still to be done takes a moment. A store
--- that has failed before costs its time-out once, not once more.
function Peers:arrived()
  self.session:finish(self.brief or self.session.failed and BRIEF or nil)
end

--- The refresh token that may be presented, by what is stored: no other
--- process presents it as long as this one has the lock.
---@return equinix.Token|nil
---@return string|nil spent fingerprint of one that was presented
function Peers:token()
  if not self.main.lease then
    return nil
  end
  return self.main.record.token, (self.main.record.last or {}).spent
end

--- Notes a refresh token as spent. Only then it may be sent.
---@param fingerprint string
---@return boolean
function Peers:spend(fingerprint)
  self.unspent = self.main.record
  return self.main.lease
    and self.main:save(record.spending(self.main.record, fingerprint))
end

--- Takes that back: it was not sent.
function Peers:unspend()
  self.main:restore(self.unspent)
end

--- Reads again after a refresh token was not accepted: another process may
--- have been quicker after all.
---@return {fields: equinix.Token, age: number}|nil
function Peers:second_look()
  if self.main.lease then
    self.main:read()
    return finding.fresh(self, self.main)
  end
end

--- What is known there about errors goes over what this process knows: how
--- many there were in a row, and which refresh token was presented.
---@param last table of shared_error.decode
function Peers:remind(last)
  local known = self.main.record.last
  if known then
    last.streak = tonumber(known.streak) or last.streak
    last.spent = known.spent or last.spent
  end
end

--- Where the account's bad attempts are counted; nil: the store failed. What
--- fails there is no reason not to save the token.
---@param identity string of cache_key.identity
---@return equinix.StoredRecord|nil
function Peers:latch(identity)
  return not self.session.failed
    and self.session:beside():latches(lockout_page.number(identity)) or nil
end

--- Saves a new token, before any caller gets it.
---@param fields equinix.Token
---@param start number when its request began, on core.now()
---@return table|nil unsaved what the store did not take, for save_later
function Peers:renewed(fields, start)
  local new = record.renewed(fields, core.time() - (core.now() - start))
  local _, seconds = record.encode(new, core.time())
  if seconds <= 0 then
    return nil -- of no use to any other process
  elseif not self.main:save(new) then
    return spare_token.save(self, new)
  elseif self.successor.record.token then
    self.successor.stored:drop()
  end
end

--- Goes on trying to save it, for a while; waits in between.
---@param unsaved table of renewed
---@param wanted fun(): boolean asked before each try
function Peers:save_later(unsaved, wanted)
  spare_token.save_later(self, unsaved, wanted)
end

--- Saves an error, for all that share the store.
---@param text string of shared_error.encode
---@param pause number seconds
function Peers:failed(text, pause)
  local at = self.main.lease and self.main or self.successor
  if at.lease then
    at:read() -- a token that was forgotten meanwhile must not come back
    at:save(record.failed(at.record, shared_error.decode(text), pause,
      core.time(), core.now()))
  end
end

--- Deletes a token that was saved here.
---@param fields equinix.Token
function Peers:drop(fields)
  self.main:drop(fields)
  self.successor:drop(fields)
end

--- Gives the locks back.
function Peers:release()
  self.main:release()
  self.successor:release()
end

--- The peers of a leader; nil where the client has no store, or none that may
--- be used.
---@param source equinix.TokenSource
---@param renewal equinix.Renewal
---@return equinix.Peers|nil
function M.new(source, renewal)
  local config, transport, secret = source.config, source.transport,
    renewal.secret
  if not config.store then
    return nil
  end
  local reason = session.forbids(secret)
  if reason then
    if source.forbidden ~= reason then
      source.forbidden = reason
      session.new(config.store, source.emit):report("save", reason)
    end
    return nil
  end
  local deadline = math.min(
    renewal.deadline or core.now() + config.timeout,
    renewal.own_deadline or math.huge)
  local use = session.new(config.store, source.emit, { transport = transport,
    deadline = deadline })
  local page = lockout_page.number((renewal.config or config).identity)
  return setmetatable({
    session = use,
    main = place.new(use:token(secret, renewal.key, page), transport,
      config.lease_seconds),
    successor = place.new(use:token(secret, renewal.key, page, "next"),
      transport, config.lease_seconds),
    transport = transport,
    renewal = renewal,
    deadline = deadline,
    brief = renewal.has_token and renewal.own_deadline ~= math.huge and BRIEF
      or nil,
    unwanted = finding.unwanted(renewal),
  }, Peers)
end

local function forget(peers, main, use)
  use:within(peers.deadline, SHARE)
  main:take()
  main:read()
  main.record.token = nil
  if record.pause(main.record, core.time()) == 0
    or not main:save(main.record) then
    use:go_on()
    if use:again() then
      main.stored:drop()
    end
  end
  peers.successor.stored:drop()
end

--- Drops the token at the second level; an error that holds others back stays.
---@param source equinix.TokenSource
function M.forget(source)
  local peers = M.new(source, { secret = source.secret(), key = source.key() })
  if not peers then
    return
  end
  local ok, message = pcall(forget, peers, peers.main, peers.session)
  peers:release()
  if not ok then
    error(message, 0)
  end
end

return M
