--- redis: records and locks in a Redis, for processes and machines.
--
-- Law of this file: one step is one command, most of them a script, which
-- Redis runs atomically: what it compares is what it changes. Each may be sent
-- twice with the effect of once. Every value has an expiry, and nothing is
-- written with a lease that has ended.
--
-- What it requires of Redis
--   Version 7; version 6 has the commands too, but worse error messages.
--   There is no TLS, and the password is sent in clear: use loopback, a
--   network you trust, or a tunnel (stunnel, WireGuard). Records are sealed
--   before they come here, locks hold a random number.
--   ACL: `+eval +get +set +strlen +pttl +pexpire +del +select ~equinix:*`.
--   maxmemory-policy: noeviction (a full Redis refuses: a failure, so a miss)
--   or volatile-ttl. Other policies may evict what is in use: without its lock
--   the holder's save is "stale" and a second process leads; without its
--   record, one more token request is made.
--   Persistence is not needed: an empty Redis costs one token request a key.
--   A failover may lose the last writes, and a lock with them: then two
--   processes lead at once, and the later save wins. No wrong token is served.
--   Cluster: both keys of a name share a hash tag, so a slot, but redirects
--   are not followed: name a proxy or the node that has every slot.
--   A replica refuses every lock: name the master.
--
-- What it costs
--   `timeout` limits each step on the network: connecting, logging in,
--   selecting the db, and the command. (Outside nginx the system resolves
--   names, without this limit: use an address.) When Redis can't be reached or
--   does not reply, it is left alone for a second, so that a dead one costs
--   little. A lock whose reply came too late stays until its ttl is over. A
--   process keeps one connection (nginx: what it needed in the last 10 s); let
--   Redis' own `timeout` close them where its `maxclients` is near.

local arguments = require "equinix.store.arguments"
local check = require "equinix.base.check"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local reasons = require "equinix.store.redis.errors"

local PAUSE = 1 -- seconds

-- Failures without a reply: trying again at once would cost the same time
-- again.
local NO_REPLY = {
  closed = true,
  garbage = true,
  refused = true,
  timeout = true,
  unreachable = true,
  unresolved = true,
}

-- The scripts ---------------------------------------------------------------

-- The milliseconds left and the record. Instead of the time, -2: there is none
-- (as with PTTL); -3: it is too large to be sent.
local LOAD = [[
if redis.call('strlen', KEYS[1]) > tonumber(ARGV[1]) then return {-3} end
local record = redis.call('get', KEYS[1])
return record and {redis.call('pttl', KEYS[1]), record} or {-2}]]

local SAVE = [[
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
return 1]]

-- If it is sent twice, since the first reply was lost, it finds its own value.
local LOCK = [[
if redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2]) then return 1 end
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])]]

local UNLOCK = [[
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])]]

-- Commands ------------------------------------------------------------------

---@class equinix.store.Redis
local Redis = {}
Redis.__index = Redis
Redis.__name = "equinix.store.redis"

-- One command on a connection that has logged in. After any failure the
-- connection is closed, since a late reply may still arrive on it.
local function try(self, reply_type, fresh, ...)
  local connection, failure = self.driver:take(fresh)
  if not connection then
    return nil, failure
  end
  local kept, reply = connection.kept, nil
  failure = not kept and self.login(connection) or nil
  if not failure then
    reply, failure = connection:call(...)
  end
  if not failure and type(reply) ~= reply_type then
    failure = "garbage"
  end
  if failure then
    connection:close()
    return nil, failure, kept
  end
  connection:keep()
  return reply
end

local function fail(self, failure)
  local reason = self.name .. " " .. reasons.of(failure)
  if NO_REPLY[failure] then
    self.paused_until, self.last_reason = core.now() + PAUSE, reason
  end
  return nil, reason
end

-- Sends a command; the reply has to be of that type.
local function send(self, reply_type, ...)
  if core.now() < self.paused_until then
    return nil, self.last_reason
      .. " (a moment ago; not tried again for a second)"
  end
  local reply, failure, kept = try(self, reply_type, false, ...)
  -- An idle connection may be closed by a restart or by Redis' own `timeout`.
  if failure == "closed" and kept then
    reply, failure = try(self, reply_type, true, ...)
  end
  if failure then
    return fail(self, failure)
  end
  return reply
end

local function is_lease(value)
  return type(value) == "table" and type(value.fence) == "string"
end

local function record_key(self, key)
  return self.prefix .. "{" .. key .. "}"
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

-- The port ------------------------------------------------------------------

--- The record of a key.
---@param key string 1 to 128 of [%w_.-], not beginning with "." or "-"
---@return string|nil record nil without a reason: there is none
---@return number|string|nil ttl seconds left, or the reason
function Redis:load(key)
  arguments.key(key)
  local reply, reason = send(self, "table", "eval", LOAD, 1,
    record_key(self, key), ("%d"):format(arguments.MAX_RECORD))
  if not reply then
    return nil, reason
  end
  local left, record = reply[1], reply[2]
  if left == -3 then
    return fail(self, "large")
  elseif left == -2 or left == 0 or record == "" then
    return nil
  elseif left == -1 then
    return fail(self, "endless")
  elseif type(left) ~= "number" or type(record) ~= "string" then
    return fail(self, "garbage")
  end
  return record, left / 1000
end

--- Saves a record, if the lease is still ours.
---@param key string
---@param record string 1 byte to 64 KiB
---@param ttl number seconds
---@param lease table what lock returned for this key
---@return true|nil
---@return string|nil reason "stale": the lease has ended
function Redis:save(key, record, ttl, lease)
  arguments.key(key)
  arguments.record(record)
  ttl = arguments.ttl(ttl)
  arguments.lease(is_lease(lease))
  local reply, reason = send(self, "number", "eval", SAVE, 2,
    record_key(self, key), lock_key(self, key), lease.fence, record,
    milliseconds(ttl))
  if reply == 0 then
    return nil, "stale"
  end
  return reply and true, reason
end

--- Locks a key for `ttl` seconds at most; does not wait for the lock.
---@param key string
---@param ttl number seconds
---@return table|nil lease
---@return string|nil reason "busy": it is not free
function Redis:lock(key, ttl)
  arguments.key(key)
  ttl = arguments.ttl(ttl)
  local lease = { key = key, fence = new_fence() }
  local reply, reason = send(self, "number", "eval", LOCK, 1,
    lock_key(self, key), lease.fence, milliseconds(ttl))
  if reply == 0 then
    return nil, "busy"
  elseif not reply then
    self:unlock(lease) -- the reply may be lost although the lock was taken
  end
  return reply and lease, reason
end

--- Releases a lock; one that has ended is left alone.
---@param lease table what lock returned
---@return true|nil
---@return string|nil reason
function Redis:unlock(lease)
  arguments.lease(is_lease(lease))
  -- Tried even during the pause: a lock that stays makes all others wait.
  self.paused_until = 0
  local reply, reason = send(self, "number", "eval", UNLOCK, 1,
    lock_key(self, lease.key), lease.fence)
  return reply and true, reason
end

--- Deletes the record of a key, if there is one; its lock stays.
---@param key string
---@return true|nil
---@return string|nil reason
function Redis:delete(key)
  arguments.key(key)
  local reply, reason = send(self, "number", "del", record_key(self, key))
  return reply and true, reason
end

function Redis:__tostring()
  return ("equinix.store.redis (%s)"):format(self.name)
end

-- Options -------------------------------------------------------------------

---@class equinix.store.redis.Options
---@field host? string a name or an address, "127.0.0.1"
---@field port? integer 6379
---@field username? string of an ACL user (Redis 6); needs a password
---@field password? string
---@field db? integer 0
---@field prefix? string before every key, "equinix:"
---@field timeout? number seconds for each step, 0.1
local OPTIONS = {
  host = "string",
  port = "number",
  username = "string",
  password = "string",
  db = "number",
  prefix = "string",
  timeout = "number",
}

local function is_integer(value, least, most)
  return value >= least and value <= most and value % 1 == 0
end

local function mistake_in(o)
  if o.host == "" or o.host:find "[%z\1-\32\127]" then
    return "host must be a name or an address"
  elseif not is_integer(o.port, 1, 65535) then
    return "port must be a whole number from 1 to 65535"
  elseif o.username == "" or o.password == "" then
    return "username and password must not be empty: leave them out"
  elseif o.username and not o.password then
    return "username needs a password"
  elseif not is_integer(o.db, 0, 2^31) then
    return "db must be a whole number, 0 or more"
  elseif #o.prefix > 128 or not o.prefix:find "^[A-Za-z0-9_.:/-]*$" then
    -- Braces would be taken for the hash tag.
    return "prefix must be at most 128 letters, digits or any of _.:/-"
  elseif not check.positive(o.timeout) then
    return "timeout must be a finite number of seconds greater than 0"
  end
end

-- Logs in on a new connection. Only this function knows the password.
local function new_login(o)
  local db = o.db ~= 0 and ("%d"):format(o.db)
  return function(connection)
    local failure, _
    if o.username then
      _, failure = connection:call("auth", o.username, o.password)
    elseif o.password then
      _, failure = connection:call("auth", o.password)
    end
    if failure then
      return failure == "ERR" and "login" or failure
    end
    if db then
      _, failure = connection:call("select", db)
    end
    return failure == "ERR" and "db" or failure
  end
end

-- Connections are shared only between stores with the same login.
local function login_name(o)
  return core.sha256(("%q %d %q %q %d"):format(o.host, o.port,
    o.username or "", o.password or "", o.db))
end

local function new_driver(o)
  local name = rawget(_G, "ngx") and "resty" or "luasocket"
  return require("equinix.store.redis." .. name).new {
    host = o.host,
    port = o.port,
    timeout = o.timeout,
    login = login_name(o),
  }
end

--- Makes a store in a Redis. Connects with the first step, not before.
---@param opts? equinix.store.redis.Options an unknown one raises
---@return equinix.store.Redis|nil store
---@return equinix.Error|nil err
return function(opts)
  opts = opts == nil and {} or opts
  check.names(opts, OPTIONS, "option", 2)
  local o = {
    host = opts.host or "127.0.0.1",
    port = opts.port or 6379,
    username = opts.username,
    password = opts.password,
    db = opts.db or 0,
    prefix = opts.prefix or "equinix:",
    timeout = opts.timeout or 0.1,
  }
  local message = mistake_in(o)
  if message then
    return errors.fail("config", "store.redis: " .. message)
  end
  local driver, missing = new_driver(o)
  if not driver then
    return errors.fail("config", missing)
  end
  return setmetatable({
    name = ("Redis at %s:%d"):format(o.host, o.port),
    prefix = o.prefix,
    driver = driver,
    login = new_login(o),
    paused_until = 0,
  }, Redis)
end
