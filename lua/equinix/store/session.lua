--- session: one use of a store, and the records that are read and written in
--- it.
--
-- Law of this file: a store never makes a call fail. What it can't do, or
-- raises, counts as a miss and is reported in one event; from then on the
-- store is left alone, so a store that is down costs one time-out and not one
-- for each step. Once more it is tried when there is something to be saved
-- (`again`), unless it said that this would be in vain. What is locked is
-- still unlocked. Each step is given the seconds that are left for it; all of
-- them together end at the session's deadline, and after a step that went
-- beyond it no other one is made. Only that memory ran out while it is read or
-- locked is raised: nothing was sent by then.
--
-- A token is stored sealed under the client secret, under a name that only
-- the secret leads to: the store without the secret gives nothing away. The
-- latches are stored readable, on a few pages, since holders of another secret
-- of an account have to find its latch; they contain nothing confidential. A
-- short secret could be guessed from what it sealed, so of a client that has
-- one nothing is stored.

local core = require "equinix.core"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local printable = require("equinix.base.lazy") "equinix.base.printable"

local M = {}

local MAX_REASON = 200 -- characters; a user's own store may say anything
local MIN_SECRET, MAX_SECRET = 16, 16 * 1024 -- bytes

-- How many arguments a step has; the seconds that are left come after them.
local ARGUMENTS = { load = 1, save = 4, lock = 2, extend = 2, unlock = 1,
  delete = 1 }

-- Seconds of a step beside a request, and of one that gives something back.
local MOST = { extend = 0.5, unlock = 1 }
local LONGEST = 60 -- seconds that any step may take
local TOLERANCE = 0.1 -- seconds after its deadline that a step may end
local FINISH = 5 -- seconds for all that is to be done after the response

---@class equinix.StoreFault what a store says of a failure
---@field temporary? boolean false: the next try would fail alike
---@field hint? string the remedy

---@class equinix.StoreSession
---@field store table with the store's methods
---@field emit fun(name: string, fields: table)
---@field deadline number on core.now(), for all steps together
---@field share number the part of what is left that one step may take
---@field most number seconds that one step may take
---@field failed? equinix.StoreFault a step failed; no other one is made
---@field overran boolean a step went on beyond the deadline
---@field reported string[] the reasons that were reported
local Session = {}
Session.__index = Session

--- A record's name in the store, its lock, and how its text is stored.
---@class equinix.StoredRecord
---@field session equinix.StoreSession
---@field name string
---@field wrap fun(text: string): string
---@field unwrap fun(bytes: string): string|nil
---@field reported boolean|nil that it can't be opened
---@field lapses? integer how often its lock was over before its page was saved
local Stored = {}
Stored.__index = Stored

-- The text of an event: short, printable, one line.
local function one_line(reason)
  local text = tostring(reason)
  if reason == nil or text == "" then
    text = "no reason was given"
  end
  text = text:gsub("[%z\1-\31\127]+", " "):sub(1, MAX_REASON)
  return printable.text(text)
end

-- Whether that was reported before, if in other words at its end.
local function is_known(self, reason)
  for _, known in ipairs(self.reported) do
    if reason:sub(1, #known) == known then
      return true
    end
  end
  return false
end

--- Reports that something went wrong, once; the session goes on.
---@param op string
---@param reason any
---@param fault? equinix.StoreFault
function Session:report(op, reason, fault)
  local text = one_line(reason)
  if is_known(self, text) then
    return
  end
  self.reported[#self.reported + 1] = text
  local fields = { op = op, reason = text }
  if fault then
    fields.temporary = fault.temporary
    fields.hint = fault.hint and one_line(fault.hint) or nil
  end
  self.emit("store_failed", fields)
end

-- Reports a failure; beside a request it does not end the session.
local function fail(self, op, reason, fault)
  fault = type(fault) == "table" and fault or {}
  if not MOST[op] then
    self.failed = self.failed or fault
  end
  self:report(op, reason, fault)
end

-- The seconds that a step may take; 0 or less: none.
local function seconds_for(self, op)
  local left = self.deadline - core.now()
  return math.min(left, math.max(0, left) * self.share,
    math.min(self.most, MOST[op] or LONGEST))
end

-- Whether no step is to be made now; to unlock is late for a late store only.
local function is_over(self, op, seconds)
  if op == "unlock" then
    return seconds <= 0 and self.overran
  end
  return self.failed ~= nil or seconds <= 0
end

-- Calls the store's method, with the seconds as one argument more.
local function call(self, op, seconds, ...)
  local store, n = self.store, ARGUMENTS[op]
  if n == 1 then
    return pcall(store[op], store, (...), seconds)
  elseif n == 2 then
    local a, b = ...
    return pcall(store[op], store, a, b, seconds)
  end
  local a, b, c, d = ...
  return pcall(store[op], store, a, b, c, d, seconds)
end

local function look_at_clock(self, op) -- did a step end in time?
  local late = core.now() - self.deadline
  if late > TOLERANCE and not self.overran then
    self.overran = true
    if op ~= "unlock" then
      self:report(op, ("it went on for %.1f s beyond the deadline of the call")
        :format(late), { temporary = true })
    end
  end
end

-- Neither is a fault of the store.
local NO_FAULT = { busy = { lock = true }, stale = { save = true,
  extend = true } }
local STALE = "stale: the lock had ended before this could be saved, so it "
  .. "was not; another process may have saved something newer"

local function result_of(op, ok, value, second) -- in one word
  if ok and value then
    return "done"
  elseif ok and NO_FAULT[second] and NO_FAULT[second][op] then
    return second
  end
  return ok and second == nil and op == "load" and "nothing" or "failed"
end

-- Called in protected mode: with a lock there may be no memory for it.
local function tell(self, op, began, ...)
  self.emit("store_step", { op = op, seconds = core.now() - began,
    result = result_of(op, ...) })
end

-- Without memory these raise, as nothing is sent yet; others have failed.
local RAISES = { load = true, lock = true }

--- One step. The second value explains a first one that is nil.
---@param op "load"|"save"|"lock"|"extend"|"unlock"|"delete"
---@return any value nil: the step was not done
---@return any why "busy", "stale", or nil where the store failed; with a
---  value: the store's second result
function Session:step(op, ...)
  local seconds = seconds_for(self, op)
  if is_over(self, op, seconds) then
    return nil
  end
  local began = core.now()
  seconds = math.max(0, seconds)
  local ok, value, second, third = call(self, op, seconds, ...)
  if not ok and memory.is(value) then
    if RAISES[op] then
      error(value, 0)
    elseif op == "unlock" then -- what stays locked holds others up
      ok, value, second, third = call(self, op, seconds, ...)
    end
  end
  pcall(tell, self, op, began, ok, value, second)
  look_at_clock(self, op)
  if not ok then
    fail(self, op, value)
    return nil
  elseif value then
    return value, second
  elseif NO_FAULT[second] and NO_FAULT[second][op] then
    if op == "save" then
      self:report(op, STALE, { temporary = true })
    end
    return nil, second
  elseif second ~= nil or op ~= "load" then
    fail(self, op, second, third)
  elseif third then
    self:report(op, third) -- a remark about a miss
  end
  return nil
end

--- Tries the store once more after a failure, to save; whether it makes sense.
---@return boolean
function Session:again()
  if self.failed and self.failed.temporary ~= false then
    self.failed = nil
  end
  return not self.failed
end

--- Goes on after a step that the store refused, as one that works: that says
--- nothing of other steps.
function Session:go_on()
  if self.failed and self.failed.temporary == false then
    self.failed = nil
  end
end

--- Sets the time from which on no step is made.
---@param deadline number on core.now()
---@param share? number the part of what is left that one step may take; 1
---@param most? number seconds that one step may take
function Session:within(deadline, share, most)
  self.deadline, self.share = deadline, share or 1
  self.most = most or math.huge
  self.overran = self.overran and core.now() >= deadline
end

--- The response is there: what is still to be done takes a moment.
---@param most? number seconds that one step may take
function Session:finish(most)
  self:within(math.min(self.deadline, core.now() + FINISH), 1, most)
end

--- Another session with the same store, which reports what this one has not.
---@return equinix.StoreSession
function Session:beside()
  return setmetatable({ store = self.store, emit = self.emit,
    deadline = self.deadline, share = self.share, most = self.most,
    overran = self.overran, reported = self.reported }, Session)
end

-- All records of an account begin with the name of its page of latches: a
-- store of several servers puts what begins with the same two words in one
-- place.
local function page_name(number)
  return ("latch.%d"):format(number)
end

--- The record of a token.
---@param secret string the client secret
---@param key string of cache_key.key
---@param number? integer of lockout_page.number, for its account
---@param part? string another record for the same token
---@return equinix.StoredRecord
function Session:token(secret, key, number, part)
  local page = number and page_name(number) .. "." or ""
  local name = page .. "token." .. core.record_name(secret, key)
  if part then
    name, key = name .. "." .. part, key .. "\0" .. part
  end
  return setmetatable({
    session = self,
    name = name,
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
    name = page_name(number),
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
---@return "stale"|nil why the lease was over
function Stored:write(text, ttl, lease)
  local saved, why = self.session:step("save", self.name, self.wrap(text),
    ttl, lease)
  return saved and true or false, why
end

--- Takes the lock; does not wait.
---@param ttl number seconds after which the lock ends by itself
---@return any lease nil: "busy", or the store failed
---@return "busy"|nil
function Stored:lock(ttl)
  return self.session:step("lock", self.name, ttl)
end

--- Gives a lock more time.
---@param lease any of lock
---@param ttl number seconds from now on
---@return any extended
---@return "stale"|nil why the lease is over, and stays so
function Stored:extend(lease, ttl)
  return self.session:step("extend", lease, ttl)
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

local function view(self, store, transport) -- the store on that transport
  if not store.over or not transport then
    return store
  end
  local ok, found, reason = pcall(store.over, store, transport)
  if ok and type(found) == "table" then
    return found
  end
  fail(self, "over", ok and reason or found)
  return store
end

--- Begins a session.
---@param store table with the store's methods
---@param emit fun(name: string, fields: table)
---@param o? {transport: table?, deadline: number?} the port, for a store that
---  needs the network; on core.now(), without end by default
---@return equinix.StoreSession
function M.new(store, emit, o)
  o = o or {}
  local self = setmetatable({ emit = emit, deadline = o.deadline or math.huge,
    share = 1, most = math.huge, overran = false, reported = {} }, Session)
  self.store = view(self, store, o.transport)
  return self
end

return M
