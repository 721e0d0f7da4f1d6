-- redis_contract: what store.redis promises about Redis, in plain Lua and
-- inside nginx: on top of store_contract, the commands, lost data and
-- connections, logins and error messages; redis_faults has the rest.
--
-- Law of this file: the server is a real one; a stand-in is used only for
-- behaviour that no Redis shows.
local assert = require "luassert"
local busted = require "busted"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local redis_faults = require "spec.support.redis_faults"
local store_contract = require "equinix.store.contract"

-- busted sets these as globals in spec files only.
local before_each, after_each = busted.before_each, busted.after_each
local describe, it = busted.describe, busted.it
local setup, teardown = busted.setup, busted.teardown

local M = {}

local PATIENT = 10 -- seconds, where the time does not matter
local LONG = 60

local server, open
local undo = {}

-- Has f called after the spec, however it ends.
local function finally(f)
  undo[#undo + 1] = f
end

-- A store with these options, on the server by default. It waits for no
-- failover and no restart.
local function open_store(opts)
  opts = opts or {}
  opts.port = opts.port or server.port
  opts.timeout = opts.timeout or PATIENT
  opts.connect_timeout = opts.connect_timeout or PATIENT
  opts.grace = opts.grace or 0
  return open(opts)
end

local function assert_reason(pattern, value, reason)
  assert.is_nil(value)
  assert.matches(pattern, reason)
end

-- What is written -----------------------------------------------------------

local function declare_keys()
  it("names record and lock so that a cluster has both on one node", function()
    local store = open_store { prefix = "app:" }
    local lease = assert(store:lock("k", LONG))
    assert.is_true(store:save("k", "r", LONG, lease))
    assert.equal("r", server:ask("GET", "app:{k}"))
    assert.equal(1, server:ask("EXISTS", "app:{k}:lock"))
    assert.equal(2, server:ask "DBSIZE")
  end)

  it("names the records of one account so that a cluster has all of them on "
    .. "one node", function()
      local store = open_store()
      for _, key in ipairs { "latch.7", "latch.7.token.a", "latch.7.token.b" }
      do
        assert(store:lock(key, LONG))
      end
      for name in pairs { ["equinix:{latch.7}:lock"] = true,
        ["equinix:{latch.7}.token.a:lock"] = true,
        ["equinix:{latch.7}.token.b:lock"] = true } do
        assert.equal(1, server:ask("EXISTS", name), name)
      end
      assert.equal(3, server:ask "DBSIZE")
    end)

  it("puts equinix: before its keys by default", function()
    assert(open_store():lock("k", LONG))
    assert.equal(1, server:ask("EXISTS", "equinix:{k}:lock"))
  end)

  it("gives each key an expiry, a lock that is renewed too",
    function()
      local store = open_store()
      local lease = assert(store:lock("k", LONG))
      assert.is_true(store:save("k", "r", 0.0001, lease))
      assert.is_true(store:save("k", "r", 12.3456, lease))
      for name, most in pairs { [""] = 12345, [":lock"] = LONG * 1000 } do
        local left = server:ask("PTTL", "equinix:{k}" .. name)
        assert.is_true(left > 0 and left <= most, name .. " " .. left)
      end
    end)

  it("locks with 128 bits that differ each time", function()
    local store, seen = open_store(), {}
    for _ = 1, 10 do
      local lease = assert(store:lock("k", LONG))
      local fence = server:ask("GET", "equinix:{k}:lock")
      assert.matches("^%x+$", fence)
      assert.equal(32, #fence)
      assert.is_nil(seen[fence])
      seen[fence] = true
      assert.is_true(store:unlock(lease))
    end
  end)

  it("uses the given db, on kept connections too", function()
    local store = open_store { db = 3 }
    for _, key in ipairs { "a", "b" } do
      assert(store:lock(key, LONG))
    end
    assert.equal(0, server:ask "DBSIZE")
    server:ask("SELECT", 3)
    assert.equal(2, server:ask "DBSIZE")
    server:ask("SELECT", 0)
    -- Another store does not get its connection.
    assert.is_nil((open_store():load "a"))
    assert(open_store():lock("a", LONG))
    assert.equal(1, server:ask "DBSIZE")
  end)

  it("reports a db that does not exist", function()
    assert_reason("no such db", open_store { db = 99 }:load "k")
    assert_reason("no such db", open_store { db = 99 }:lock("k", LONG))
  end)
end

-- Lost data and connections -------------------------------------------------

local function declare_losses()
  it("reports a lease as stale that was flushed or evicted", function()
    local store = open_store()
    local lease = assert(store:lock("k", LONG))
    server:ask "FLUSHALL"
    assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
    assert.equal(0, server:ask "DBSIZE")
    assert.is_true(store:unlock(lease))
  end)

  it("continues after a restart of Redis", function()
    local store = open_store()
    local lease = assert(store:lock("k", LONG))
    server:restart()
    assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
    assert(store:lock("k", LONG))
  end)

  it("continues when any step finds its connection closed", function()
    local store = open_store()
    local lease
    for _, step in ipairs {
      function() lease = store:lock("k", LONG) return lease end,
      function() return store:save("k", "r", LONG, lease) end,
      function() return store:load "k" end,
      function() return store:extend(lease, LONG) end,
      function() return store:delete "k" end,
      function() return store:unlock(lease) end,
    } do
      assert.is_nil((store:load "other")) -- leaves a kept connection
      server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      assert(step())
    end
  end)

  -- Passes commands on to Redis; the response to the second one is lost.
  local LOSES_ONE = [[
    local c = ...
    local redis = assert(require("socket").connect("127.0.0.1", %d))
    while true do
      local line = c:receive "*l"
      if not line then return end
      local command = line .. "\r\n"
      for _ = 1, tonumber(line:sub(2)) do
        local size = c:receive "*l"
        command = command .. size .. "\r\n"
          .. c:receive(tonumber(size:sub(2)) + 2)
      end
      redis:send(command)
      local response = redis:receive "*l"
      c.share.n = (c.share.n or 0) + 1
      if c.share.n == 2 then return end -- without a word
      c:send(response .. "\r\n")
    end
  ]]

  it("recognises its own lock after the response was lost", function()
    local between = rawserver.start(LOSES_ONE:format(server.port))
    finally(function() between:stop() end)
    local store = open_store { port = between.port }
    assert(store:lock("a", LONG))
    local lease = assert(store:lock("b", LONG))
    assert.equal(2, between:connections())
    assert.is_true(store:save("b", "r", LONG, lease))
    assert.is_true(server:ask("PTTL", "equinix:{b}:lock") > 0)
  end)
end

-- Logins --------------------------------------------------------------------

local function declare_logins()
  describe("where a login is required", function()
    local guarded

    setup(function()
      guarded = redis.start { "--requirepass", "secret" }
      guarded:ask("ACL", "SETUSER", "app", "on", ">Pass word", "~equinix:*",
        "+eval", "+get", "+set", "+strlen", "+pttl", "+pexpire", "+del",
        "+select")
      guarded:ask("ACL", "SETUSER", "reader", "on", ">secret", "~equinix:*",
        "+eval", "+get", "+strlen", "+pttl")
      guarded:ask("ACL", "SETUSER", "nothing", "on", ">secret", "~equinix:*",
        "+ping")
    end)
    teardown(function()
      guarded:stop()
    end)

    local function store_as(username, password, prefix)
      return open_store { port = guarded.port, username = username,
        password = password, prefix = prefix }
    end

    -- Calls every method.
    local function use(store)
      local lease = assert(store:lock("k", LONG))
      assert.is_true(store:save("k", "r", LONG, lease))
      assert.equal("r", (store:load "k"))
      assert.is_true(store:unlock(lease))
      assert.is_true(store:delete "k")
    end

    it("logs in with a password", function()
      use(store_as(nil, "secret"))
    end)

    it("logs in as a user with only the documented permissions", function()
      use(store_as("app", "Pass word"))
    end)

    it("reports what is missing", function()
      assert_reason("NOAUTH", store_as():load "k")
      assert_reason("WRONGPASS", store_as(nil, "guess"):load "k")
      assert_reason("WRONGPASS", store_as("unknown", "guess"):load "k")
      assert_reason("the command set %(NOPERM",
        store_as("reader", "secret"):lock("k", LONG))
      assert_reason("the command eval %(NOPERM",
        store_as("nothing", "secret"):lock("k", LONG))
      assert_reason("keys under `prefix` %(NOPERM",
        store_as("app", "Pass word", "other:"):load "k")
      assert_reason("does not accept this login",
        open_store { password = "guess" }:load "k")
    end)

    it("does not share a connection between different logins", function()
      use(store_as(nil, "secret"))
      assert_reason("NOAUTH", store_as():load "k")
    end)

    it("never shows the password", function()
      local _, reason = store_as("app", "Pass w0rd"):load "k"
      assert.matches("127.0.0.1", reason)
      assert.not_matches("w0rd", reason)
    end)
  end)
end

-- Error messages ------------------------------------------------------------

local function declare_messages()
  it("reports a key that holds another type", function()
    server:ask("LPUSH", "equinix:{k}", "x")
    server:ask("LPUSH", "equinix:{k}:lock", "x")
    local store = open_store()
    assert_reason("WRONGTYPE", store:load "k")
    assert_reason("WRONGTYPE", store:lock("k", LONG))
    assert.is_true(store:delete "k")
    assert.is_nil((store:load "k"))
  end)

  it("reports a record that is too large, and does not fetch it", function()
    server:ask("SET", "equinix:{k}", ("x"):rep(65537), "EX", LONG)
    assert_reason("larger than a record", open_store():load "k")
  end)

  it("reports a record without an expiry", function()
    server:ask("SET", "equinix:{k}", "x")
    assert_reason("without an expiry", open_store():load "k")
  end)

  it("reports a replica, from which it can read", function()
    finally(function() server:ask("REPLICAOF", "NO", "ONE") end)
    server:ask("REPLICAOF", "127.0.0.1", 1)
    local store = open_store()
    assert_reason("READONLY", store:lock("k", LONG))
    local record, reason = store:load "k"
    assert.is_nil(record)
    assert.is_nil(reason)
  end)

  it("reports that memory is full, and still unlocks", function()
    local store = open_store()
    local lease = assert(store:lock("k", LONG))
    finally(function() server:ask("CONFIG", "SET", "maxmemory", 0) end)
    server:ask("CONFIG", "SET", "maxmemory", 1)
    assert_reason("OOM", store:save("k", "r", LONG, lease))
    assert.is_true(store:extend(lease, LONG))
    assert.is_true(store:unlock(lease))
  end)

  it("reports that Redis can't write to its disk", function()
    finally(function()
      server:ask("CONFIG", "SET", "save", "")
      server:ask("CONFIG", "SET", "dbfilename", "dump.rdb")
    end)
    -- A directory with that name prevents it.
    assert(os.execute("mkdir -p " .. process.quote(server.dir .. "/taken/x")))
    server:ask("CONFIG", "SET", "dbfilename", "taken")
    server:ask("CONFIG", "SET", "save", "3600 1")
    server:ask("SET", "x", "y")
    pcall(server.ask, server, "BGSAVE")
    local store = open_store()
    local reason
    process.eventually(function()
      reason = select(2, store:lock("k", LONG))
      return reason and reason:find "MISCONF"
    end)
    assert.matches("MISCONF", reason)
  end)

  it("reports that Redis has too many clients", function()
    finally(function() server:ask("CONFIG", "SET", "maxclients", 1000) end)
    server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    server:ask("CONFIG", "SET", "maxclients", 1)
    assert_reason("too many clients",
      open_store { password = "x" }:load "k")
    local _, _, fault = open_store { password = "x" }:load "k"
    assert.is_true(fault.temporary)
    assert.matches("maxclients", fault.hint)
  end)

  it("continues at once after an error of Redis", function()
    server:ask("LPUSH", "equinix:{a}", "x")
    local store = open_store()
    assert_reason("WRONGTYPE", store:load "a")
    assert(store:lock("b", LONG))
  end)
end

--- Declares the specs; call it inside a `describe`.
---@param opener fun(opts: table): table a new store with these options
function M.declare(opener)
  setup(function()
    server, open = redis.start(), opener
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    server:ask "FLUSHALL"
  end)
  after_each(function()
    while #undo > 0 do
      table.remove(undo)()
    end
  end)
  describe("is a store that", function()
    store_contract.declare { make = open_store, peer = open_store }
  end)
  declare_keys()
  declare_losses()
  declare_logins()
  declare_messages()
  redis_faults.declare(open_store, finally, function()
    return server
  end)
end

return M
