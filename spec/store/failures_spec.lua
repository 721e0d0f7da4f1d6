-- A client whose store fails: the call works, one event says what happened,
-- and what was stored is not lost. The stores and their failures are real;
-- only Equinix's responses are scripted.
local core = require "equinix.core"
local folder = require "spec.support.folder"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local scripted = require "spec.support.scripted"

local token = scripted.token

-- A client as in a process of its own: its first level is empty. All have the
-- same app.
local function client(id, store, responses, timeout)
  local events = {}
  local c, transport = scripted.client(responses, {
    client_id = id, store = store, timeout = timeout,
    on_event = function(name, fields)
      if name == "store_failed" then
        events[#events + 1] = fields.op .. ": " .. fields.reason
      end
    end,
  })
  local slot = c.tokens:slot()
  slot:forget()
  local turn, lease = slot:acquire(nil, true)
  assert(turn == "lead")
  slot:fail(lease, nil, 0)
  transport.sleep = core.sleep
  return c, transport, events
end

-- Puts a token into the store, as an earlier process would.
local function prepared(open)
  local id = scripted.unique()
  local c, _, events = client(id, open(), { token "one" })
  assert.equal("one", c:token().access_token)
  assert.same({}, events)
  return id
end

-- A renewal during the fault, and a process that comes afterwards.
local function assert_survives(open, fault)
  local id = prepared(open)
  fault.begin()
  local c, _, events = client(id, open(), { token "two" })
  assert.equal("two", c:refresh().access_token)
  assert.equal(1, #events, table.concat(events, "\n"))
  assert.matches(fault.reason, events[1])
  fault.stop()
  local later, transport, more = client(id, open(), { token "three" })
  local found = assert(later:token()).access_token
  assert.same({}, more)
  if fault.destroys then
    assert.equal(fault.destroys, found)
  else
    assert.equal("one", found)
    assert.equal(0, #transport.sent)
  end
end

describe("a client whose file store", function()
  local top, dir, record

  before_each(function()
    top = process.tempdir()
    dir = top .. "/store"
  end)
  after_each(function()
    process.remove(top)
  end)

  local function open()
    return assert(require "equinix.store.file" { dir = dir })
  end

  local function sh(text)
    return function()
      record = process.capture("ls -d " .. dir .. "/*.token.*.eq-record")
      folder.sh("f=%s; k=%s; " .. text:gsub("%%", "%%%%"),
        record:match "%S+", top .. "/kept")
    end
  end

  local faults = {
    ["is open to others"] = {
      begin = sh "chmod 755 ${f%/*}", stop = sh "chmod 700 ${f%/*}",
      reason = "others may use it",
    },
    ["has a record that others may read"] = {
      begin = sh "chmod 640 $f", stop = sh "chmod 600 $f",
      reason = "others may use it",
    },
    ["has a link for a record"] = {
      begin = sh "mv $f $k; ln -s $k $f", stop = sh "mv $k $f",
      reason = "load: ",
    },
    ["has a pipe for a record"] = {
      begin = sh "mv $f $k; mkfifo -m 600 $f", stop = sh "mv -f $k $f",
      reason = "load: ",
    },
    ["has a record cut short"] = {
      begin = sh "truncate -s 90 $f", stop = function() end,
      reason = "put aside", destroys = "two",
    },
    ["belongs to another user"] = {
      begin = sh "chown 12345 $f", stop = sh "chown 0 $f",
      reason = "load: ", root = true,
    },
    ["is a link itself"] = {
      begin = sh "mv ${f%/*} $k; ln -s $k ${f%/*}",
      stop = function()
        folder.sh("rm %s; mv %s/kept %s", dir, top, dir)
      end,
      reason = "load: ",
    },
  }
  for what, fault in pairs(faults) do
    it(what .. " makes its call, reports it once and loses nothing", function()
      if fault.root and not folder.is_root() then
        pending "only root can give a file away"
        return
      end
      assert_survives(open, fault)
    end)
  end

  it("can't be made makes its call and reports it once", function()
    folder.write(dir, "a file")
    local c, _, events = client(scripted.unique(), open(), { token "one" })
    assert.equal("one", c:token().access_token)
    assert.equal(1, #events, table.concat(events, "\n"))
    assert.equal("a file", folder.read(dir))
  end)

  it("is full makes its call, reports it once and keeps the old record",
    function()
      local mounts = folder.own_mounts()
      if not mounts then
        pending "no file system may be mounted here"
        return
      end
      -- 16 KiB: the record fits, and no second one beside it once it is full.
      local out, code = folder.run(dir, [[
        package.path = "./?.lua;" .. package.path
        local scripted = require "spec.support.scripted"
        local events, opts = {}, { store = store }
        function opts.on_event(name, fields)
          if name == "store_failed" then
            events[#events + 1] = fields.op .. ": " .. fields.reason
          end
        end
        local c = scripted.client({ scripted.token "one",
          scripted.token "two" }, opts)
        assert(c:token())
        assert(#events == 0, events[1])
        os.execute("cat /dev/zero >" .. dir .. "/filler 2>/dev/null")
        assert(c:refresh().access_token == "two")
        assert(#events == 1, #events)
        assert(events[1]:find "ENOSPC", events[1])
        os.remove(dir .. "/filler")
        local slot = c.tokens:slot()
        slot:forget()
        assert(c:token().access_token == "one")
        assert(#events == 1)
        print "done"
      ]], mounts .. (" sh -c 'mkdir -p %s && mount -t tmpfs -o size=16k,"
        .. "mode=700 none %s && exec \"$@\"' sh"):format(dir, dir))
      assert.equal(0, code, out)
      assert.matches("done", out)
    end)

  it("is locked by a process that is stopped goes on when its lease ends",
    function()
      local id = prepared(open)
      record = process.capture("ls " .. dir
        .. " | grep '[.]token[.].*eq-record'")
      local holder = folder.child(dir, ([[
        assert(store:lock(%q, 2))
        print "locked"
        core.sleep(100)
      ]]):format((record:gsub("%.eq%-record.*", ""))))
      finally(function()
        holder:signal "CONT"
        holder:stop()
      end)
      holder:says "locked"
      holder:signal "STOP"
      -- Half-way to its deadline it leads as the successor.
      local c, transport, events = client(id, open(), { token "two" }, 1)
      assert.equal("two", c:refresh().access_token)
      assert.equal(1, #transport.sent)
      c = client(id, open(), { token "three" }, 60)
      assert.equal("three", c:refresh().access_token)
      assert.same({}, events)
    end)
end)

describe("a client whose Redis", function()
  local missing = redis.missing()
  if missing then
    pending(missing)
    return
  end
  local server

  setup(function()
    server = redis.start {}
  end)
  before_each(function()
    server:ask "FLUSHALL"
  end)
  teardown(function()
    server:stop()
  end)

  local function open()
    return assert(require("equinix").store.redis {
      port = server.port, timeout = 0.2, grace = 0,
    })
  end

  local function key()
    return server:ask("KEYS", "*.token." .. ("?"):rep(64))[1]
  end

  local nothing = function() end
  local faults = {
    ["is stopped"] = {
      begin = function() server:signal "STOP" end,
      stop = function() server:signal "CONT" end,
      reason = "timed out",
    },
    ["sleeps"] = {
      begin = function() server:send_only("DEBUG", "SLEEP", "1") end,
      stop = function() server:ask "PING" end,
      reason = "timed out",
    },
    ["requires a password that was not given"] = {
      begin = function()
        server:ask("CONFIG", "SET", "requirepass", "secret")
        -- Who has logged in stays so.
        server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      end,
      stop = function() server:ask("CONFIG", "SET", "requirepass", "") end,
      reason = "NOAUTH",
    },
    ["is a replica that refuses writes"] = {
      -- Without its master it would serve nothing.
      begin = function()
        server:ask("CONFIG", "SET", "replica-serve-stale-data", "yes")
        server:ask("REPLICAOF", "127.0.0.1", "1")
      end,
      stop = function() server:ask("REPLICAOF", "NO", "ONE") end,
      reason = "READONLY",
    },
    ["has another value under the name"] = {
      begin = function()
        local name = key()
        server:ask("DEL", name)
        server:ask("LPUSH", name, "x")
      end,
      stop = function() server:ask("DEL", (key())) end,
      reason = "WRONGTYPE", destroys = "three",
    },
    ["has a record that was changed"] = {
      begin = function() server:ask("SETRANGE", key(), 20, "x\0x\0x") end,
      stop = nothing,
      reason = "can't be opened", destroys = "two",
    },
  }
  for what, fault in pairs(faults) do
    it(what .. " makes its call, reports it once and loses nothing", function()
      assert_survives(open, fault)
    end)
  end

  it("is down makes its call and reports it once", function()
    server:halt()
    finally(function()
      server:continue()
    end)
    local c, _, events = client(scripted.unique(), open(), { token "one" })
    assert.equal("one", c:token().access_token)
    assert.equal(1, #events, table.concat(events, "\n"))
  end)

  it("is flushed while a token is requested makes its call",
    function()
      local c, _, events = client(scripted.unique(), open(), {
        function()
          server:ask "FLUSHALL"
          return token "one"
        end,
      })
      assert.equal("one", c:token().access_token)
      assert.equal(1, #events)
      assert.matches("save: stale", events[1])
    end)
end)
