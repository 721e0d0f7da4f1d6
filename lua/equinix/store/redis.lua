--- redis: records and locks in a Redis, for processes and machines.
--
-- Law of this file: it is the port of a store, and decides the names of keys
-- and what a reply means. A step is one script (redis/scripts), sent to the
-- owner of its key (redis/step). Every value has an expiry, and nothing is
-- written with a lease that has ended.
--
-- The first two words of a key are its hash tag: all records of an account,
-- and their locks, are in one slot of a cluster.

local address = require "equinix.store.redis.address"
local arguments = require "equinix.store.arguments"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local faults = require "equinix.store.redis.errors"
local lazy = require "equinix.base.lazy"
local options = require "equinix.store.redis.options"
local resp = require "equinix.store.redis.resp"
local scripts = require "equinix.store.redis.scripts"
local slots = require "equinix.store.redis.slots"
local step = require "equinix.store.redis.step"
local tables = require "equinix.base.table"
local check = lazy "equinix.store.redis.check"
local entries = lazy "equinix.store.redis.entries"

local M = {
  --- The transport of a store that is used by hand: a function, since this
  --- room knows none. `require "equinix"` sets it.
  ---@type (fun(): table)|nil
  default_transport = nil,
}

---@class equinix.store.Redis
---@field name string
---@field prefix string
---@field steps equinix.store.redis.Steps shared by its views
---@field transport? table
local Redis = {}
Redis.__index = Redis
Redis.__name = "equinix.store.redis"

local NO_TRANSPORT = "a Redis store needs a transport: load it by "
  .. "`require \"equinix\"`, or call store:over(transport)"

local function transport_of(self)
  local transport = self.transport
    or M.default_transport and M.default_transport()
  return transport or error(NO_TRANSPORT, 0)
end

-- Keys and numbers -----------------------------------------------------------

local function record_key(self, key)
  local tag = key:match "^[^.]+%.[^.]+" or key
  return ("%s{%s}%s"):format(self.prefix, tag, key:sub(#tag + 1))
end

local function lock_key(self, key)
  return record_key(self, key) .. ":lock"
end

-- Redis counts milliseconds; they are rounded down, but never to 0.
local function milliseconds(seconds)
  return ("%.0f"):format(math.max(1, math.floor(seconds * 1000)))
end

-- 128 random bits; one random number has 53.
local function new_fence()
  return core.sha256(("%.17g %.17g %.17g"):format(
    core.random(), core.random(), core.random())):sub(1, 32)
end

local LAST_MOMENT = 0.05 -- seconds
local RESERVE = 0.2 -- of the time for a lock

local function is_lease(value)
  return type(value) == "table" and type(value.fence) == "string"
end

-- Steps ----------------------------------------------------------------------

-- The slot matters in a cluster only; elsewhere all keys have one owner.
local function slot_of(self, key)
  return self.steps.settings.kind == "cluster" and slots.of(key) or 0
end

-- Runs a script on keys, then its arguments. -> reply | nil, fault, old
local function run(self, script, keys, seconds, eager, ...)
  local words = { "EVAL", script, #keys }
  for _, key in ipairs(keys) do
    words[#words + 1] = key
  end
  for i = 1, select("#", ...) do
    words[#words + 1] = (select(i, ...))
  end
  return step.run(self.steps, transport_of(self), {
    words = resp.command((table.unpack or unpack)(words)),
    slot = slot_of(self, keys[1]),
    script = script,
    eager = eager,
  }, seconds)
end

local function garbage(self)
  local fault = faults.fault "garbage"
  fault.where = self.place
  return fault
end

-- A reply that is a number; anything else is no Redis.
local function number(self, reply, fault, old)
  if reply ~= nil and type(reply) ~= "number" then
    return nil, garbage(self)
  end
  return reply, fault, old
end

-- The port -------------------------------------------------------------------

--- The record of a key.
---@param key string 1 to 128 of [%w_.-], not beginning with "." or "-"
---@param seconds? number what is left for this step; in all of them
---@return string|nil record nil without a reason: there is none
---@return number|string|nil ttl seconds left, or the reason
---@return {temporary: boolean, hint: string}|nil fault beside a reason
function Redis:load(key, seconds)
  arguments.key(key)
  seconds = arguments.left(seconds)
  local reply, fault, old = run(self, scripts.LOAD, { record_key(self, key) },
    seconds, false, ("%d"):format(arguments.MAX_RECORD))
  if reply == nil then
    return step.fail(fault, old)
  end
  local left, record
  if type(reply) == "table" then
    left, record = reply[1], reply[2]
  end
  if left == -2 or left == 0 or record == "" then
    return nil
  elseif left == -3 or left == -1 then
    fault = faults.fault(left == -3 and "large" or "endless")
    fault.where = self.place
  elseif type(left) ~= "number" or type(record) ~= "string" then
    fault = garbage(self)
  else
    return record, left / 1000
  end
  return step.fail(fault)
end

--- Saves a record, if the lease is still ours.
---@param key string
---@param record string 1 byte to 64 KiB
---@param ttl number seconds
---@param lease table what lock returned for this key
---@param seconds? number
---@return true|nil
---@return string|nil reason "stale": the lease has ended
function Redis:save(key, record, ttl, lease, seconds)
  arguments.key(key)
  arguments.record(record)
  ttl = arguments.ttl(ttl)
  arguments.lease(is_lease(lease))
  seconds = arguments.left(seconds)
  local reply, fault, old = number(self, run(self, scripts.SAVE,
    { record_key(self, key), lock_key(self, key) }, seconds, false,
    lease.fence, record, milliseconds(ttl)))
  if reply == 0 then
    return nil, "stale"
  elseif not reply then
    return step.fail(fault, old)
  end
  return true
end

local function take(self, lease, ttl, seconds)
  return number(self, run(self, scripts.LOCK, { lock_key(self, lease.key) },
    seconds, false, lease.fence, milliseconds(ttl)))
end

-- Gives back what could not be given back for want of memory.
local function pay(self, seconds)
  local lease = self.steps.debt
  while lease do
    self.steps.debt, lease.owed = lease.next, false
    if core.now() < lease.ends and not self:unlock(lease, seconds) then
      return
    end
    lease = self.steps.debt
  end
end

--- Locks a key for `ttl` seconds at most; does not wait for the lock.
---@param key string
---@param ttl number seconds
---@param seconds? number
---@return table|nil lease
---@return string|nil reason "busy": it is not free
function Redis:lock(key, ttl, seconds)
  arguments.key(key)
  ttl = arguments.ttl(ttl)
  seconds = arguments.left(seconds)
  local lease = { key = key, fence = new_fence(), ends = core.now() + ttl,
    owed = false, next = false }
  -- The reply may be lost although the lock was taken: some time is for giving
  -- it back.
  local last = self.steps.settings.timeout
  last = seconds and math.min(last, seconds * RESERVE) or last
  pay(self, last)
  local ok, reply, fault, old = pcall(take, self, lease, ttl,
    seconds and seconds - last)
  if not ok then -- for want of memory, perhaps after it was taken
    lease.ends = core.now() + ttl
    pcall(self.unlock, self, lease, last)
    error(reply, 0)
  elseif reply == 0 then
    return nil, "busy"
  elseif reply then
    return lease
  elseif fault.maybe_sent and not old then
    self:unlock(lease, last)
  end
  return step.fail(fault, old)
end

--- Makes a lock last for `ttl` seconds from now on.
---@param lease table what lock returned
---@param ttl number seconds
---@param seconds? number
---@return true|nil
---@return string|nil reason "stale": the lease has ended
function Redis:extend(lease, ttl, seconds)
  arguments.lease(is_lease(lease))
  ttl = arguments.ttl(ttl)
  seconds = arguments.left(seconds)
  local reply, fault, old = number(self, run(self, scripts.EXTEND,
    { lock_key(self, lease.key) }, seconds, false, lease.fence,
    milliseconds(ttl)))
  if reply == 0 then
    return nil, "stale"
  elseif not reply then
    return step.fail(fault, old)
  end
  return true
end

--- Releases a lock; one that has ended is left alone.
---@param lease table what lock returned
---@param seconds? number
---@return true|nil
---@return string|nil reason
function Redis:unlock(lease, seconds)
  arguments.lease(is_lease(lease))
  seconds = arguments.left(seconds)
  -- Tried in any case, even in the last moment: a lock that stays makes all
  -- others wait.
  seconds = seconds and math.max(seconds, LAST_MOMENT)
  if not lease.owed then -- noted first: later there may be no memory for it
    lease.owed, lease.next, self.steps.debt = true, self.steps.debt, lease
  end
  local reply, fault, old = number(self, run(self, scripts.UNLOCK,
    { lock_key(self, lease.key) }, seconds, true, lease.fence))
  if reply or fault.name ~= "memory" then
    lease.ends = 0 -- no more to be done
  end
  if not reply then
    return step.fail(fault, old)
  end
  return true
end

--- Deletes the record of a key, if there is one; its lock stays.
---@param key string
---@param seconds? number
---@return true|nil
---@return string|nil reason
function Redis:delete(key, seconds)
  arguments.key(key)
  seconds = arguments.left(seconds)
  local name = record_key(self, key)
  local reply, fault, old = number(self, step.run(self.steps,
    transport_of(self), { words = resp.command("DEL", name),
      slot = slot_of(self, name) }, seconds))
  if not reply then
    return step.fail(fault, old)
  end
  return true
end

-- Beside the port ------------------------------------------------------------

--- The same store, for a transport: what one of them learns of the servers,
--- the other knows.
---@param transport table the port
---@return equinix.store.Redis
function Redis:over(transport)
  return setmetatable({ name = self.name, place = self.place,
    prefix = self.prefix, steps = self.steps, transport = transport }, Redis)
end

--- What is wrong with the store: for a person to read.
---@param seconds? number for all of it, 10
---@return equinix.StoreFinding[]
function Redis:check(seconds)
  return check.run(self, transport_of(self), seconds or 10)
end

--- The records that rest in the store, without what is in them.
---@param seconds? number for all of it, 10
---@return equinix.StoreEntry[]|nil
---@return string|nil reason
---@return {temporary: boolean, hint: string}|nil
function Redis:entries(seconds)
  return entries.list(self, transport_of(self), seconds or 10)
end

function Redis:__tostring()
  return ("equinix.store.redis (%s)"):format(self.name)
end

-- Making one -----------------------------------------------------------------

local KINDS = { alone = "Redis at %s", cluster = "Redis Cluster at %s",
  sentinel = "Redis of the sentinels at %s" }

local function open(opts, level)
  local settings, message = options.read(opts == nil and {} or opts,
    level + 1)
  if not settings then
    return errors.fail("config", "store.redis: " .. message)
  end
  local names = {}
  for i, at in ipairs(settings.nodes) do
    names[i] = address.text(at)
  end
  local place = table.concat(names, ",")
  return setmetatable({
    name = KINDS[settings.kind]:format(place),
    place = place,
    prefix = settings.prefix,
    steps = step.new(settings),
  }, Redis)
end

--- Makes a store in a Redis; `equinix.store.redis{...}` is the same. Connects
--- with the first step, not before.
---@param opts? equinix.store.redis.Options an unknown one raises
---@return equinix.store.Redis|nil store
---@return equinix.Error|nil err kind "config"
function M.new(opts)
  local store, err = open(opts, 2)
  return store, err -- no tail call: mistakes raise at the caller's line
end

--- Makes a store from a URL.
---@param url string see redis/url.lua
---@param opts? equinix.store.redis.Options further ones
---@return equinix.store.Redis|nil store
---@return equinix.Error|nil err kind "config"; it has nothing of the login
function M.from_url(url, opts)
  opts = tables.copy(opts)
  opts.url = url or ""
  local store, err = open(opts, 2)
  return store, err
end

return setmetatable(M, {
  __call = function(_, opts)
    local store, err = open(opts, 2)
    return store, err
  end,
})
