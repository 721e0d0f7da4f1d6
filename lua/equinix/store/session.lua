--- session: one use of a store, and the records that are read and written in
--- it.
--
-- Law of this file: a store never makes a call fail. What it can't do, or
-- raises, counts as a miss and is reported in one event; for the rest of the
-- session the store is left alone, so a store that is down costs one time-out
-- and not one for each step. Only what was locked is still unlocked.
--
-- A token is stored sealed under the client secret, under a name that only
-- the secret leads to: the store without the secret gives nothing away. The
-- latches are stored readable, on a few pages, since holders of another secret
-- of an account have to find its latch; they contain nothing confidential. A
-- short secret could be guessed from what it sealed, so of a client that has
-- one nothing is stored.

local core = require "equinix.core"
local printable = require("equinix.base.lazy") "equinix.base.printable"

local M = {}

local MAX_REASON = 200 -- characters; a user's own store may say anything
local MIN_SECRET, MAX_SECRET = 16, 16 * 1024 -- bytes

---@class equinix.StoreSession
---@field store table with the store's methods
---@field emit fun(name: string, fields: table)
---@field failed boolean a step failed; no other one is made
local Session = {}
Session.__index = Session

--- A record's name in the store, its lock, and how its text is stored.
---@class equinix.StoredRecord
---@field session equinix.StoreSession
---@field name string
---@field wrap fun(text: string): string
---@field unwrap fun(bytes: string): string|nil
---@field reported boolean|nil that it can't be opened
local Stored = {}
Stored.__index = Stored

-- The text of an event: short, printable, one line.
local function one_line(reason)
  local text = tostring(reason or "no reason was given")
  text = text:gsub("[%z\1-\31\127]+", " "):sub(1, MAX_REASON)
  return printable.text(text)
end

--- Reports that something went wrong; the session goes on.
---@param op string
---@param reason any
function Session:report(op, reason)
  self.emit("store_failed", { op = op, reason = one_line(reason) })
end

--- Reports a failure once, and makes no more steps.
function Session:fail(op, reason)
  if not self.failed then
    self.failed = true
    self:report(op, reason)
  end
end

--- One step. The second value explains a first one that is nil.
---@param op "load"|"save"|"lock"|"unlock"|"delete"
---@return any value nil: the step was not done
---@return any why "busy", "stale", or nil where the store failed; with a
---  value: the store's second result
function Session:step(op, ...)
  if self.failed and op ~= "unlock" then
    return nil
  end
  local store = self.store
  local ok, value, second, note = pcall(store[op], store, ...)
  if not ok then
    self:fail(op, value)
    return nil
  elseif note then
    self:report(op, note)
  end
  if value then
    return value, second
  elseif second == "busy" and op == "lock"
    or second == "stale" and op == "save" then
    return nil, second
  elseif second ~= nil or op ~= "load" then
    self:fail(op, second)
  end
  return nil
end

--- The record of a token.
---@param secret string the client secret
---@param key string of cache_key.key
---@return equinix.StoredRecord
function Session:token(secret, key)
  return setmetatable({
    session = self,
    name = "token." .. core.record_name(secret, key),
    wrap = function(text)
      return core.seal(secret, key, text)
    end,
    unwrap = function(bytes)
      return core.unseal(secret, key, bytes)
    end,
  }, Stored)
end

local function unchanged(text)
  return text
end

--- The record of a page of latches.
---@param number integer of lockout_page.number
---@return equinix.StoredRecord
function Session:latches(number)
  return setmetatable({
    session = self,
    name = ("latch.%d"):format(number),
    wrap = unchanged,
    unwrap = unchanged,
  }, Stored)
end

--- The text; nil where there is none, or none that can be used.
---@return string|nil text
---@return number|nil ttl seconds that the store still keeps it
function Stored:read()
  local bytes, ttl = self.session:step("load", self.name)
  if not bytes then
    return nil
  end
  local text = type(bytes) == "string" and self.unwrap(bytes) or nil
  if not text and not self.reported then
    self.reported = true
    self.session:report("load",
      "a record can't be opened; it counts as missing")
  end
  return text, ttl
end

--- Saves the text.
---@param text string
---@param ttl number seconds
---@param lease any of lock
---@return boolean saved
function Stored:write(text, ttl, lease)
  return self.session:step("save", self.name, self.wrap(text), ttl, lease)
    and true or false
end

--- Takes the lock; does not wait.
---@param ttl number seconds after which the lock ends by itself
---@return any lease nil: "busy", or the store failed
---@return "busy"|nil
function Stored:lock(ttl)
  return self.session:step("lock", self.name, ttl)
end

function Stored:unlock(lease)
  self.session:step("unlock", lease)
end

--- Deletes the record.
function Stored:drop()
  self.session:step("delete", self.name)
end

--- Why nothing of this client may be stored; nil: it may.
---@param secret string the client secret
---@return string|nil
function M.forbids(secret)
  if #secret < MIN_SECRET then
    return ("the client secret has less than %d bytes, so nothing is stored")
      :format(MIN_SECRET)
  elseif #secret > MAX_SECRET then
    return ("the client secret has more than %d bytes, so nothing is stored")
      :format(MAX_SECRET)
  end
end

--- Begins a session.
---@param store table with the store's methods
---@param emit fun(name: string, fields: table)
---@return equinix.StoreSession
function M.new(store, emit)
  return setmetatable({ store = store, emit = emit, failed = false }, Session)
end

return M
