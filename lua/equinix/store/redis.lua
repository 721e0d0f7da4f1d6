--- redis: records and locks in a Redis, for processes and machines.
--
-- Law of this file: one step is one command, most of them a script, which
-- Redis runs as a whole: what it compares is what it changes. Each may be
-- sent twice with the effect of once. Nothing is written without an end, and
-- nothing with a lease that is not ours any more.
--
-- What it asks of Redis
--   Version 7; its commands go back to 6, its reasons are worse there.
--   It speaks no TLS and sends the password as it is: loopback, a network you
--   trust, or a tunnel (stunnel, WireGuard). Records come here sealed, locks
--   hold nothing but chance.
--   ACL: `+eval +get +set +strlen +pttl +pexpire +del +select ~equinix:*`.
--   maxmemory-policy: noeviction (a full Redis refuses: a failure, thus a
--   miss) or volatile-ttl. Others throw away what is in use first or last as
--   it comes: a lock that is evicted makes the holder's save "stale" and lets
--   a second one lead; a record, a second token request.
--   Persistence is not needed: an empty Redis costs one token request a key.
--   A failover may lose what was written last, a lock with it: then two lead
--   at once, and the later save wins. Nobody serves a wrong token for it.
--   Cluster: both keys of a name share a hash tag, thus a slot, but redirects
--   are not followed: name a proxy or the node that holds every slot.
--   A replica refuses every lock: name the master.
--
-- What it costs
--   `timeout` bounds each step on the wire: connecting, logging in, choosing
--   the db, and the command. (Outside nginx the system resolves names, however
--   long that takes: name an address.) After a failure to be reached or to
--   answer it is left alone for a second, so that a dead Redis costs little.
--   A lock whose answer came too late is nobody's until its ttl is over.
--   A process keeps one connection (nginx: what it needed in the last 10 s);
--   let Redis' own `timeout` close them where its `maxclients` is near.

local check = require "equinix.base.check"
local core = require "equinix.core"
local err = require "equinix.base.error"
local words = require "equinix.store.redis.errors"

local MAX_RECORD = 64 * 1024
local MAX_SECONDS = 1e9 -- 31 years; Redis' own numbers end somewhere, too
local PAUSE = 1 -- seconds

-- Nothing answered: asking at once again would cost its time again.
local UNANSWERED = {
  closed = true,
  garbage = true,
  refused = true,
  timeout = true,
  unreachable = true,
  unresolved = true,
}

-- The scripts ---------------------------------------------------------------

-- A record and the milliseconds left. -2: none (as PTTL says), -3: too large
-- to be sent at all.
local LOAD = [[
if redis.call('strlen', KEYS[1]) > tonumber(ARGV[1]) then return {-3} end
local record = redis.call('get', KEYS[1])
return record and {redis.call('pttl', KEYS[1]), record} or {-2}]]

local SAVE = [[
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
return 1]]

-- Sent twice it finds its own value: the first answer was lost.
local LOCK = [[
if redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2]) then return 1 end
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])]]

local UNLOCK = [[
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])]]

-- Misuse --------------------------------------------------------------------

local function check_key(key)
  if type(key) ~= "string" or #key > 128
    or not key:find "^[%w_][%w_.-]*$" then
    check.raise(3, "a key must be 1 to 128 letters, digits, '_', '.' or '-', "
      .. "and begin with none of the last two")
  end
end

local function check_ttl(ttl)
  if type(ttl) ~= "number" or not check.positive(ttl) then
    check.raise(3, "ttl must be a finite number of seconds greater than 0")
  end
end

local function check_record(record)
  if type(record) ~= "string" or #record == 0 or #record > MAX_RECORD then
    check.raise(3, "a record must be a string of 1 to %d bytes", MAX_RECORD)
  end
end

local function check_lease(lease)
  if type(lease) ~= "table" or type(lease.fence) ~= "string" then
    check.raise(3, "a lease must be one that lock returned")
  end
end

-- Asking --------------------------------------------------------------------

---@class equinix.store.Redis
local Redis = {}
Redis.__index = Redis
Redis.__name = "equinix.store.redis"

-- One command on a connection that has logged in. Whatever went wrong, the
-- connection is closed: it may hold an answer that is still to come.
local function try(self, want, fresh, ...)
  local connection, failure = self.driver:take(fresh)
  if not connection then
    return nil, failure
  end
  local kept, reply = connection.kept, nil
  failure = not kept and self.login(connection) or nil
  if not failure then
    reply, failure = connection:call(...)
  end
  if not failure and type(reply) ~= want then
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
  local reason = self.name .. " " .. words.of(failure)
  if UNANSWERED[failure] then
    self.rests_until, self.last = core.now() + PAUSE, reason
  end
  return nil, reason
end

-- want: the type of the reply.
local function ask(self, want, ...)
  if core.now() < self.rests_until then
    return nil, self.last .. " (found a moment ago, asked again in a second)"
  end
  local reply, failure, kept = try(self, want, false, ...)
  -- It was closed while nobody looked: by a restart, by Redis' own `timeout`.
  if failure == "closed" and kept then
    reply, failure = try(self, want, true, ...)
  end
  if failure then
    return fail(self, failure)
  end
  return reply
end

local function record_key(self, key)
  return self.prefix .. "{" .. key .. "}"
end

local function lock_key(self, key)
  return record_key(self, key) .. ":lock"
end

-- Redis counts milliseconds; a life is rounded down, but never to nothing.
local function milliseconds(seconds)
  seconds = math.min(seconds, MAX_SECONDS)
  return ("%.0f"):format(math.max(1, math.floor(seconds * 1000)))
end

-- 128 bits that nobody else has; a random number has 53.
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
  check_key(key)
  local reply, reason = ask(self, "table", "eval", LOAD, 1,
    record_key(self, key), ("%d"):format(MAX_RECORD))
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
---@return string|nil reason "stale": the lease is another's or nobody's
function Redis:save(key, record, ttl, lease)
  check_key(key)
  check_record(record)
  check_ttl(ttl)
  check_lease(lease)
  local reply, reason = ask(self, "number", "eval", SAVE, 2,
    record_key(self, key), lock_key(self, key), lease.fence, record,
    milliseconds(ttl))
  if reply == 0 then
    return nil, "stale"
  end
  return reply and true, reason
end

--- Locks a key for `ttl` seconds at most; waits for nobody.
---@param key string
---@param ttl number seconds
---@return table|nil lease
---@return string|nil reason "busy": another has it
function Redis:lock(key, ttl)
  check_key(key)
  check_ttl(ttl)
  local lease = { key = key, fence = new_fence() }
  local reply, reason = ask(self, "number", "eval", LOCK, 1,
    lock_key(self, key), lease.fence, milliseconds(ttl))
  if reply == 0 then
    return nil, "busy"
  elseif not reply then
    self:unlock(lease) -- the answer may be lost, and the lock there
  end
  return reply and lease, reason
end

--- Gives a lock back; one that is not ours any more is left alone.
---@param lease table what lock returned
---@return true|nil
---@return string|nil reason
function Redis:unlock(lease)
  check_lease(lease)
  -- Tried even where others rest: a lock that stays holds up everybody.
  self.rests_until = 0
  local reply, reason = ask(self, "number", "eval", UNLOCK, 1,
    lock_key(self, lease.key), lease.fence)
  return reply and true, reason
end

--- Deletes the record of a key, if there is one; its lock stays.
---@param key string
---@return true|nil
---@return string|nil reason
function Redis:delete(key)
  check_key(key)
  local reply, reason = ask(self, "number", "del", record_key(self, key))
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
  if o.host == "" or o.host:find "[%s%c]" then
    return "host must be a name or an address"
  elseif not is_integer(o.port, 1, 65535) then
    return "port must be a whole number from 1 to 65535"
  elseif o.username == "" or o.password == "" then
    return "username and password must not be empty: leave them out"
  elseif o.username and not o.password then
    return "username needs a password"
  elseif not is_integer(o.db, 0, 2^31) then
    return "db must be a whole number from 0 on"
  elseif #o.prefix > 128 or not o.prefix:find "^[%w_.:/-]*$" then
    -- Braces would be taken for the hash tag.
    return "prefix must be at most 128 letters, digits or any of _.:/-"
  elseif not check.positive(o.timeout) then
    return "timeout must be a finite number of seconds greater than 0"
  end
end

-- What a new connection has to hear first. The password stays in here.
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

-- Whoever logs in otherwise must not get a connection of ours.
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

--- A store in a Redis. Connects when it is first asked, not before.
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
  local mistake = mistake_in(o)
  if mistake then
    return err.fail("config", "store.redis: " .. mistake)
  end
  local driver, missing = new_driver(o)
  if not driver then
    return err.fail("config", missing)
  end
  return setmetatable({
    name = ("Redis at %s:%d"):format(o.host, o.port),
    prefix = o.prefix,
    driver = driver,
    login = new_login(o),
    rests_until = 0,
  }, Redis)
end
