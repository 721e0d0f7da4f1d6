-- redis_contract: what store.redis promises about Redis, whichever driver
-- carries it: beside store_contract, the commands, the losses, the words;
-- redis_faults has the rest.
--
-- Law of this file: the server is a real one; another stands in for it only
-- where no Redis would do such a thing.
local assert = require "luassert"
local busted = require "busted"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local redis_faults = require "spec.support.redis_faults"
local store_contract = require "spec.support.store_contract"

-- Only a spec file itself finds these among its globals.
local before_each, after_each = busted.before_each, busted.after_each
local describe, it = busted.describe, busted.it
local setup, teardown = busted.setup, busted.teardown

local M = {}

local PATIENT = 10 -- seconds, where the answer is what counts
local LONG = 60

local server, open
local undo = {}

-- Done when the spec is over, whatever its end.
local function finally(f)
  undo[#undo + 1] = f
end

-- A store with these options, at the server unless told.
local function open_store(opts)
  opts = opts or {}
  opts.port = opts.port or server.port
  opts.timeout = opts.timeout or PATIENT
  return open(opts)
end

local function assert_reason(pattern, value, reason)
  assert.is_nil(value)
  assert.matches(pattern, reason)
end

-- What is written -----------------------------------------------------------

local function declare_keys()
  it("names record and lock so that a cluster keeps them together", function()
    local store = open_store { prefix = "app:" }
    local lease = assert(store:lock("k", LONG))
    assert.is_true(store:save("k", "r", LONG, lease))
    assert.equal("r", server:ask("GET", "app:{k}"))
    assert.equal(1, server:ask("EXISTS", "app:{k}:lock"))
    assert.equal(2, server:ask "DBSIZE")
  end)

  it("puts equinix: before its keys unless told", function()
    assert(open_store():lock("k", LONG))
    assert.equal(1, server:ask("EXISTS", "equinix:{k}:lock"))
  end)

  it("writes nothing without an end, a lock that is found again least",
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

  it("uses the db it is told, on kept connections too", function()
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

  it("says so where there is no such db", function()
    assert_reason("no such db", open_store { db = 99 }:load "k")
  end)
end

-- What is lost --------------------------------------------------------------

local function declare_losses()
  it("calls a lease stale that was flushed or evicted", function()
    local store = open_store()
    local lease = assert(store:lock("k", LONG))
    server:ask "FLUSHALL"
    assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
    assert.equal(0, server:ask "DBSIZE")
    assert.is_true(store:unlock(lease))
  end)

  it("goes on after Redis was started anew", function()
    local store = open_store()
    local lease = assert(store:lock("k", LONG))
    server:restart()
    assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
    assert(store:lock("k", LONG))
  end)

  it("goes on, whatever step finds its connection cut", function()
    local store = open_store()
    local lease
    for _, step in ipairs {
      function() lease = store:lock("k", LONG) return lease end,
      function() return store:save("k", "r", LONG, lease) end,
      function() return store:load "k" end,
      function() return store:delete "k" end,
      function() return store:unlock(lease) end,
    } do
      assert.is_nil((store:load "other")) -- so that one is kept
      server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      assert(step())
    end
  end)

  -- Passes commands on to Redis; the answer to the second one is lost.
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
      local answer = redis:receive "*l"
      c.share.n = (c.share.n or 0) + 1
      if c.share.n == 2 then return end
      c:send(answer .. "\r\n")
    end
  ]]

  it("takes a lock that it was given, though the answer was lost", function()
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

-- Who may -------------------------------------------------------------------

local function declare_logins()
  describe("where a login is wanted", function()
    local guarded

    setup(function()
      guarded = redis.start { "--requirepass", "secret" }
      guarded:ask("ACL", "SETUSER", "app", "on", ">Pass word", "~equinix:*",
        "+eval", "+get", "+set", "+strlen", "+pttl", "+pexpire", "+del",
        "+select")
      guarded:ask("ACL", "SETUSER", "reader", "on", ">secret", "~equinix:*",
        "+eval", "+get", "+strlen", "+pttl")
    end)
    teardown(function()
      guarded:stop()
    end)

    local function store_as(username, password, prefix)
      return open_store { port = guarded.port, username = username,
        password = password, prefix = prefix }
    end

    -- Every step there is.
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

    it("logs in as a user who may do no more than is documented", function()
      use(store_as("app", "Pass word"))
    end)

    it("says what it lacks", function()
      assert_reason("NOAUTH", store_as():load "k")
      assert_reason("WRONGPASS", store_as(nil, "guess"):load "k")
      assert_reason("WRONGPASS", store_as("nobody", "guess"):load "k")
      assert_reason("NOPERM", store_as("reader", "secret"):lock("k", LONG))
      assert_reason("NOPERM", store_as("app", "Pass word", "other:"):load "k")
      assert_reason("knows no such login",
        open_store { password = "guess" }:load "k")
    end)

    it("does not lend a connection to one who logs in otherwise", function()
      use(store_as(nil, "secret"))
      assert_reason("NOAUTH", store_as():load "k")
    end)

    it("never tells the password", function()
      local _, reason = store_as("app", "Pass w0rd"):load "k"
      assert.matches("127.0.0.1", reason)
      assert.not_matches("w0rd", reason)
    end)
  end)
end

-- What Redis says -----------------------------------------------------------

local function declare_words()
  it("says that the key holds something else", function()
    server:ask("LPUSH", "equinix:{k}", "x")
    server:ask("LPUSH", "equinix:{k}:lock", "x")
    local store = open_store()
    assert_reason("WRONGTYPE", store:load "k")
    assert_reason("WRONGTYPE", store:lock("k", LONG))
    assert.is_true(store:delete "k")
    assert.is_nil((store:load "k"))
  end)

  it("says that a record is too large, and does not fetch it", function()
    server:ask("SET", "equinix:{k}", ("x"):rep(65537), "EX", LONG)
    assert_reason("more than a record", open_store():load "k")
  end)

  it("says that a record has no end", function()
    server:ask("SET", "equinix:{k}", "x")
    assert_reason("without an end", open_store():load "k")
  end)

  it("says that it is a replica, which may be read", function()
    finally(function() server:ask("REPLICAOF", "NO", "ONE") end)
    server:ask("REPLICAOF", "127.0.0.1", 1)
    local store = open_store()
    assert_reason("READONLY", store:lock("k", LONG))
    local record, reason = store:load "k"
    assert.is_nil(record)
    assert.is_nil(reason)
  end)

  it("says that it is out of memory, and unlocks nevertheless", function()
    local store = open_store()
    local lease = assert(store:lock("k", LONG))
    finally(function() server:ask("CONFIG", "SET", "maxmemory", 0) end)
    server:ask("CONFIG", "SET", "maxmemory", 1)
    assert_reason("OOM", store:save("k", "r", LONG, lease))
    assert.is_true(store:unlock(lease))
  end)

  it("says that it can't write to its disk", function()
    finally(function()
      server:ask("CONFIG", "SET", "save", "")
      server:ask("CONFIG", "SET", "dbfilename", "dump.rdb")
    end)
    -- A directory of that name is in the way.
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

  it("says that it has too many clients", function()
    finally(function() server:ask("CONFIG", "SET", "maxclients", 1000) end)
    server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    server:ask("CONFIG", "SET", "maxclients", 1)
    assert_reason("too many clients",
      open_store { password = "x" }:load "k")
  end)

  it("goes on at once after a refusal", function()
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
  declare_words()
  redis_faults.declare(open_store, finally, function()
    return server
  end)
end

return M
