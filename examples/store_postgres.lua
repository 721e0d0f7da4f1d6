-- store_postgres: a complete store of one's own, in PostgreSQL (13 or newer),
-- for a fleet that has a database and no Redis. It keeps what docs/stores.md
-- asks of a store and passes equinix.store.contract. Its table:
--
--     create table equinix_store (key text primary key,
--       record bytea, record_ends timestamptz,
--       fence text, lock_ends timestamptz);
--     grant select, insert, update on equinix_store to app;
--
-- A client with it, by LuaSQL (Debian: lua-sql-postgres):
--
--     local client = equinix.new { store = require "store_postgres" (
--       "host=db1,db2 target_session_attrs=read-write dbname=app user=app "
--       .. "sslmode=verify-full sslrootcert=ca.pem") }
--
-- Without sslmode=verify-full libpq verifies no server. It takes passwords
-- from PGPASSFILE (~/.pgpass). An empty table costs one token request, so it
-- may be unlogged. A step blocks its thread, for `seconds` at most where the
-- server runs. A host that is gone is noticed by TCP in 5 s, a server that is
-- frozen is not; event loops and nginx need a library that doesn't block.
local luasql = require "luasql.postgres"
local pid = require("equinix.core").pid

local STEP = 5 -- seconds, where the caller gives none
local DOWN = { temporary = true, hint = "check that psql gets there" }
local REFUSED = { temporary = false, hint = "check that the table is there, "
  .. "as the store's file has it, and what this user may do" }

local Store = {}
Store.__index = Store

-- What goes into SQL is checked, so that nothing in it needs an escape.
local function key_of(key)
  assert(type(key) == "string" and #key <= 128
    and key:find "^[A-Za-z0-9_][A-Za-z0-9_.-]*$", "a bad key")
  return key
end

local function fence_of(lease)
  return assert(type(lease) == "table" and lease.fence, "a bad lease")
end

local function ms(seconds)
  assert(type(seconds) == "number" and seconds > 0 and seconds < math.huge,
    "a bad time")
  return ("%.0f"):format(math.max(1, math.min(seconds, 1e9) * 1000 - 0.5))
end

local function hex(bytes)
  assert(type(bytes) == "string" and #bytes > 0 and #bytes <= 65536,
    "a bad record")
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function new_fence()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(16)
  file:close()
  return hex(bytes)
end

-- The session of this process. A parent's is dropped without its finalizer,
-- whose goodbye would end it for the parent.
function Store:connect(seconds)
  if self.session and self.pid ~= pid() then
    debug.setmetatable(self.session, nil)
    self.session = nil
  end
  local reason
  if not self.session then
    self.pid = pid()
    self.session, reason = self.env:connect(
      ("%s tcp_user_timeout=5000 connect_timeout=%.0f"):format(self.where,
        math.max(2, seconds))) -- libpq takes 1 for 2
  end
  return self.session, reason
end

-- Runs a statement; returns a cursor, or true where it changed a row, or nil
-- and `none`. Each may run twice with the effect of once: a session that was
-- kept may be over, and the next one may find another server.
function Store:run(seconds, none, sql, ...)
  seconds = math.min(seconds or STEP, 60)
  sql = ("set local statement_timeout = %s; "):format(ms(seconds))
    .. sql:format(...)
  while true do
    local kept = self.session and self.pid == pid()
    local session, reason = self:connect(seconds)
    local result
    if session then
      result, reason = session:execute(sql)
    end
    if result == 0 and none then
      return nil, none
    elseif result then
      return type(result) == "number" or result
    end
    self:close()
    local refused = reason:find("ERROR:", 1, true)
    if refused or not kept then
      local passes = reason:find "statement timeout"
        or reason:find "read%-only transaction"
      return nil, reason, refused and not passes and REFUSED or DOWN
    end
  end
end

function Store:load(key, seconds)
  local cursor, reason, fault = self:run(seconds, nil, [[
    select encode(record, 'hex'), floor(1000 *
      extract(epoch from record_ends - clock_timestamp()))::bigint
    from equinix_store
    where key = '%s' and record_ends > clock_timestamp()]], key_of(key))
  if not cursor then
    return nil, reason, fault
  end
  local record, left = cursor:fetch()
  cursor:close()
  if record and left ~= "0" then
    return record:gsub("..", function(two)
      return string.char(tonumber(two, 16))
    end), left / 1000
  end
end

function Store:save(key, record, ttl, lease, seconds)
  return self:run(seconds, "stale", [[
    update equinix_store set record = decode('%s', 'hex'),
      record_ends = clock_timestamp() + %s * interval '1 millisecond'
    where key = '%s' and fence = '%s' and lock_ends > clock_timestamp()]],
    hex(record), ms(ttl), key_of(key), fence_of(lease))
end

function Store:lock(key, ttl, seconds)
  local lease = { key = key_of(key), fence = new_fence() }
  local locked, reason, fault = self:run(seconds, "busy", [[
    insert into equinix_store as old (key, fence, lock_ends) values ('%s',
      '%s', clock_timestamp() + %s * interval '1 millisecond')
    on conflict (key) do update
      set fence = excluded.fence, lock_ends = excluded.lock_ends
      where old.fence is null or old.lock_ends <= clock_timestamp()
        or old.fence = excluded.fence]], key, lease.fence, ms(ttl))
  return locked and lease, reason, fault
end

function Store:extend(lease, ttl, seconds)
  return self:run(seconds, "stale", [[
    update equinix_store
    set lock_ends = clock_timestamp() + %s * interval '1 millisecond'
    where key = '%s' and fence = '%s' and lock_ends > clock_timestamp()]],
    ms(ttl), lease.key, fence_of(lease))
end

function Store:unlock(lease, seconds)
  return self:run(seconds, nil, [[
    update equinix_store set fence = null, lock_ends = null
    where key = '%s' and fence = '%s']], lease.key, fence_of(lease))
end

function Store:delete(key, seconds)
  return self:run(seconds, nil, [[
    update equinix_store set record = null, record_ends = null
    where key = '%s']], key_of(key))
end

function Store:close()
  if self.session then
    self.session:close()
  end
  self.session = nil
end

--- Makes a store; its first step connects.
---@param where string what psql would get: "host=... dbname=... user=..."
return function(where)
  return setmetatable({ where = where, env = luasql.postgres() }, Store)
end
