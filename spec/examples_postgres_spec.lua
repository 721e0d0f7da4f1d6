-- examples/store_postgres.lua is a complete store: it keeps the contract, and
-- what docs/stores.md says of deadlines, lost connections, forks and faults,
-- with a real PostgreSQL.
local contract = require "equinix.store.contract"
local emulator = require "spec.support.emulator"
local host = require "spec.support.host"
local postgres = require "spec.support.postgres"
local process = require "spec.support.process"

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local missing = postgres.missing()

local LONG = 600 -- seconds: longer than this runs
local PATIENT = 60 -- seconds, where the time does not matter

describe("the store in PostgreSQL", function()
  if missing then
    pending(missing)
    return
  end
  local server, table_of, opened

  setup(function()
    server = postgres.start()
    local file = assert(io.open "examples/store_postgres.lua")
    local source = file:read "*a"
    file:close()
    -- The statement that its comment tells to run.
    table_of = source:match "(create table.-%);)\n":gsub("\n%-%-", "")
    server:ask(table_of)
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    opened = {}
    server:ask "truncate equinix_store"
  end)
  after_each(function()
    for _, store in ipairs(opened) do
      store:close()
    end
  end)

  local function open()
    local store = dofile "examples/store_postgres.lua"(server.where)
    opened[#opened + 1] = store
    return store
  end

  describe("keeps the port:", function()
    contract.declare { make = open, peer = open }
  end)

  it("is one token for two processes, sealed in its table", function()
    local e = emulator.start { plain = true }
    finally(function() e:stop() end)
    local processes = {}
    for i = 1, 2 do
      processes[i] = process.start({ lua,
        "spec/support/scripts/postgres_client.lua", server.where }, { env = {
          LUA_PATH = package.path, LUA_CPATH = package.cpath,
          EQUINIX_API_ENDPOINT = e.base_url,
          EQUINIX_API_CLIENTID = e.client_id,
          EQUINIX_API_CLIENTSECRET = e.client_secret,
        } })
    end
    local tokens, requests = {}, 0
    for i, program in ipairs(processes) do
      program:wait(PATIENT)
      program:stop()
      local token, made = program:stdout():match "^(%S+)\t(%d+)\n$"
      assert(token, program:stdout() .. program:stderr())
      tokens[i], requests = token, requests + made
    end
    assert.equal(tokens[1], tokens[2])
    assert.equal(1, requests)
    assert.equal(1, e:count "POST /oauth2/v1/token")
    assert.equal("t", server:ask(("select count(*) > 0 and bool_and(position("
      .. "'%s' in encode(record, 'escape')) = 0) from equinix_store where "
      .. "key like '%%token.%%'"):format(tokens[1])))
  end)

  it("goes on after a restart of the server, with what it had", function()
    local store = open()
    local lease = assert(store:lock("k", LONG))
    server:restart()
    assert.is_true(store:save("k", "r", LONG, lease))
    assert.equal("r", (store:load "k"))
  end)

  it("goes on in each step when its session was ended", function()
    local store = open()
    local lease
    for _, step in ipairs {
      function() lease = store:lock("k", LONG) return lease end,
      function() return store:save("k", "r", LONG, lease) end,
      function() return store:extend(lease, LONG) end,
      function() return store:load "k" end,
      function() return store:unlock(lease) end,
      function() return store:delete "k" end,
    } do
      assert.is_nil((store:load "other")) -- leaves a kept session
      server:ask("select pg_terminate_backend(pid) from pg_stat_activity "
        .. "where pid <> pg_backend_pid() and usename = 'app'")
      assert(step())
    end
  end)

  for answer, what in pairs { yes = "is used", no = "is not used" } do
    it("has a session of its own after a fork, where the copy " .. what,
      function()
        host.run("--forks 1", "postgres_forked", server.where, answer)
      end)
  end

  it("gives a step up when its time is over, and says it may pass",
    function()
      local store = open()
      local locker = process.start({ "psql", "-Xqc", "begin; lock table "
        .. "equinix_store in access exclusive mode; select pg_sleep(600)",
        server.where })
      finally(function()
        -- The session would go on sleeping without its client.
        server:ask("select pg_terminate_backend(pid) from pg_stat_activity "
          .. "where query like '%pg_sleep(600)' and pid <> pg_backend_pid()")
        locker:stop()
      end)
      assert(process.eventually(function()
        return server:ask("select count(*) from pg_locks where granted and "
          .. "mode = 'AccessExclusiveLock' and relation = "
          .. "'equinix_store'::regclass") == "1"
      end, PATIENT))
      for _, step in ipairs { "load", "lock", "delete" } do
        local _, reason, fault = store[step](store, "k",
          step == "lock" and LONG or 0.2, 0.2)
        assert.matches("statement timeout", reason)
        assert.is_true(fault.temporary)
      end
    end)

  it("says whether a fault may pass, and what to do", function()
    local store = open()
    finally(function() server:ask(table_of) end)
    server:ask "drop table equinix_store"
    local lease, reason, fault = store:lock("k", LONG)
    assert.is_nil(lease)
    assert.matches('"equinix_store" does not exist', reason)
    assert.is_false(fault.temporary)
    assert.matches("table is there", fault.hint)
  end)

  it("says that a server is read-only or away, and finds it again", function()
    local store = open()
    finally(function()
      server:ask "alter database postgres reset default_transaction_read_only"
    end)
    server:ask "alter database postgres set default_transaction_read_only = on"
    local lease, reason, fault = store:lock("k", LONG)
    assert.is_nil(lease)
    assert.matches("read%-only", reason)
    assert.is_true(fault.temporary)
    server:ask "alter database postgres reset default_transaction_read_only"
    lease = assert(store:lock("k", LONG))
    server:halt()
    local saved
    saved, reason, fault = store:save("k", "r", LONG, lease)
    server:continue()
    assert.is_nil(saved)
    assert.matches("connect", reason)
    assert.is_true(fault.temporary)
    assert.is_true(store:save("k", "r", LONG, lease))
  end)

  it("raises for what is no key, before anything is sent", function()
    local store = open()
    assert.is_false(pcall(store.lock, store, "k'; drop table equinix_store--",
      LONG))
    assert.equal("0", server:ask "select count(*) from equinix_store")
  end)
end)
