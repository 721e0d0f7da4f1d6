-- cluster: the owner of a key, whatever the nodes say: real nodes, with
-- failovers and slots that move; a raw server where a node has to say
-- something that no real one says.
local contract = require "equinix.store.contract"
local curl = require "equinix.transport.curl"
local new = require("equinix").store.redis
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local redis_cluster = require "spec.support.redis_cluster"

local missing = redis.missing()

-- What is called after the spec, however it ends.
local undo = {}
local function finally(f)
  undo[#undo + 1] = f
end
after_each(function()
  while #undo > 0 do
    table.remove(undo)()
  end
end)
local LONG, PATIENT = 60, 30

local cluster

local function open(opts)
  local o = { cluster = cluster:addresses(), timeout = PATIENT,
    connect_timeout = PATIENT, grace = 60 }
  for name, value in pairs(opts or {}) do
    o[name] = value
  end
  return assert(new(o))
end

-- Transports whose n-th pause does something.
local function pausing(n, f)
  local pauses = 0
  return setmetatable({ sleep = function(seconds)
    pauses = pauses + 1
    if pauses == n then
      f()
    end
    return curl.sleep(seconds)
  end }, { __index = curl })
end

local function use(store, key)
  local lease = assert(store:lock(key, LONG))
  assert.is_true(store:save(key, "r", LONG, lease))
  assert.equal("r", (store:load(key)))
  assert.is_true(store:extend(lease, LONG))
  assert.is_true(store:unlock(lease))
  assert.is_true(store:delete(key))
end

describe("a store in a Redis Cluster", function()
  if missing then
    pending(missing)
    return
  end

  setup(function()
    cluster = redis_cluster.start()
  end)
  teardown(function()
    cluster:stop()
  end)
  before_each(function()
    cluster:heal()
    cluster:flush()
  end)

  -- Half of the accounts would be served, and a check by luck.
  it("is found out by the check of a store that names one node", function()
    for i = 1, 3 do
      local store = assert(new { port = cluster.nodes[i].port,
        timeout = PATIENT, connect_timeout = PATIENT })
      local fault
      for _, finding in ipairs(store:check(LONG)) do
        fault = fault or not finding.ok and finding
      end
      assert.is_table(fault)
      assert.matches("is a node of a cluster", fault.message)
      assert.matches("redis%+cluster://", fault.remedy)
    end
    for _, finding in ipairs(open():check(LONG)) do
      assert.is_true(finding.ok, finding.message)
    end
  end)

  describe("is a store that", function()
    -- All seeds are replicas.
    local function make()
      return open { cluster = cluster:addresses(4, 5, 6) }
    end
    contract.declare { make = make, peer = make }
  end)

  it("finds every slot, from any one node", function()
    for i = 1, 6 do
      local store = open { cluster = cluster:addresses(i) }
      for _, key in ipairs { "a", "b", "c", "latch.1", "latch.15.token.x" } do
        use(store, key)
      end
    end
  end)

  it("has all records of an account on one node", function()
    local store = open()
    for _, key in ipairs { "latch.3", "latch.3.token.a", "latch.3.token.b" } do
      local lease = assert(store:lock(key, LONG))
      assert.is_true(store:save(key, "r", LONG, lease))
    end
    local node = cluster:master_of "equinix:{latch.3}"
    assert.equal(6, node:ask "DBSIZE")
  end)

  it("passes over seeds that are not there", function()
    use(open { cluster = { "127.0.0.1:" .. redis.free_port(),
      cluster:addresses(2)[1] }, timeout = 1, connect_timeout = 1 }, "k")
  end)

  it("leaves a master in use that one caller had no time to wait for",
    function()
      local pauses = 0
      local store = open():over(setmetatable({ sleep = function(seconds)
        pauses = pauses + 1
        return curl.sleep(seconds)
      end }, { __index = curl }))
      use(store, "k")
      local node = cluster:master_of "equinix:{k}"
      cluster:pause(node)
      for _, seconds in ipairs { 0, 0.05 } do
        local _, reason = store:load("k", seconds)
        assert.matches("timed out", reason)
      end
      cluster:heal()
      pauses = 0
      use(store, "k")
      assert.equal(0, pauses)
    end)

  it("says that its user may not follow a slot that moves", function()
    for _, node in ipairs(cluster.nodes) do
      node:ask("ACL", "SETUSER", "poor", "on", ">pw", "~*", "+@all", "-asking")
    end
    local store = open { username = "poor", password = "pw", grace = 0.5 }
    local from, slot = cluster:master_of "equinix:{poor}"
    local to
    for _, node in ipairs(cluster:with_role "master") do
      to = node ~= from and node or to
    end
    local move = cluster:migrate(slot, from, to)
    local _, reason, fault = store:load "poor"
    local findings = store:check(PATIENT)
    move.finish()
    assert.matches("the command asking %(NOPERM", reason)
    assert.matches("%+asking", fault.hint)
    local found
    for _, finding in ipairs(findings) do
      found = found or finding.what == "rights" and finding
    end
    assert.is_false(found.ok)
    assert.matches("%+asking", found.message)
  end)

  it("waits for the vote where a master has died, and follows it", function()
    local store = open { timeout = 0.5, connect_timeout = 0.5 }
    local lease = assert(store:lock("k", LONG))
    assert.is_true(store:save("k", "r", LONG, lease))
    local old = cluster:master_of "equinix:{k}"
    assert.is_true(old:ask("WAIT", 1, 10000) >= 1) -- a replica has it
    old:kill()
    assert.equal("r", (store:load "k"))
    assert.is_true(store:save("k", "s", LONG, lease))
    use(store, "other")
  end)

  it("follows it where a master hangs, too", function()
    local store = open { timeout = 0.5, connect_timeout = 0.5 }
    use(store, "k")
    local old = cluster:master_of "equinix:{k}"
    assert.is_true(old:ask("WAIT", 1, 10000) >= 1)
    cluster:pause(old)
    use(store, "k")
  end)

  it("follows a slot that moves: ASK, TRYAGAIN, then MOVED", function()
    local from, slot = cluster:master_of "equinix:{k}"
    local to = cluster:master_of_slot((slot + 8192) % 16384)
    local store = open()
    local lease = assert(store:lock("k", LONG))
    local move = cluster:migrate(slot, from, to)
    assert.is_nil((store:load "k"))                    -- by ASK
    assert.same({ nil, "busy" }, { store:lock("k", LONG) })
    local view = store:over(pausing(1, move.finish))
    assert.is_true(view:save("k", "r", LONG, lease))   -- TRYAGAIN until then
    assert.equal("r", (store:load "k"))                -- by MOVED
    assert.is_true(store:unlock(lease))
  end)

  it("lists what rests on all of its nodes", function()
    local store = open()
    for i = 1, 9 do
      local key = ("latch.%d.token.x"):format(i)
      assert.is_true(store:save(key, "r" .. i, LONG,
        assert(store:lock(key, LONG))))
    end
    local list = assert(store:entries(PATIENT))
    assert.equal(9, #list)
    assert.equal("latch.1.token.x", list[1].key)
    assert.is_true(list[1].locked and list[1].bytes == 2)
  end)

  it("is whole, says its check", function()
    for _, finding in ipairs(open():check(PATIENT)) do
      assert.is_true(finding.ok, finding.message)
    end
  end)

  it("is named as such where it was taken for a lone server", function()
    local store = assert(new { port = cluster.nodes[4].port, grace = 0,
      timeout = PATIENT })
    local _, reason, fault = store:lock("k", LONG)
    assert.matches("node of a cluster %(MOVED%)", reason)
    assert.matches("redis%+cluster://", fault.hint)
  end)
end)

describe("a store in what is no cluster", function()
  if missing then
    pending(missing)
    return
  end

  it("says so", function()
    local server = redis.start()
    finally(function() server:stop() end)
    local store = assert(new { cluster = { "127.0.0.1:" .. server.port },
      timeout = PATIENT })
    local _, reason, fault = store:lock("k", LONG)
    assert.matches("is not a node of a cluster", reason)
    assert.matches("leave out `cluster`", fault.hint)
  end)

  -- Answers CLUSTER SLOTS with this, and anything else with that.
  local function fake(slots, other)
    local server = rawserver.start(([[
      local c = ...
      while true do
        local line = c:receive "*l"
        if not line then return end
        local words = {}
        for i = 1, tonumber(line:sub(2)) do
          local size = c:receive "*l"
          words[i] = c:receive(tonumber(size:sub(2)) + 2):sub(1, -3)
        end
        c:send(words[1] == "CLUSTER" and %q or %q)
      end
    ]]):format(slots, other))
    finally(function() server:stop() end)
    return server
  end

  it("never trusts its words for more than they are", function()
    for slots, pattern in pairs {
      ["*0\r\n"] = "serves not all slots",
      ["+OK\r\n"] = "serves not all slots",
      ["#f\r\n"] = "serves not all slots",
      ["*1\r\n+x\r\n"] = "invalid reply",
      ["*1\r\n:1\r\n"] = "invalid reply",
      ["%1\r\n#t\r\n_\r\n"] = "invalid reply",
      ["*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\na\r\n:1\r\n"] = "invalid",
      ["*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$3\r\na b\r\n:1\r\n"] = "not all",
      ["*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\n?\r\n:1\r\n"] = "not all",
    } do
      local server = fake(slots, ":1\r\n")
      local store = assert(new { cluster = { "127.0.0.1:" .. server.port },
        timeout = PATIENT, grace = 0.2 })
      assert.matches(pattern, select(2, store:lock("k", LONG)))
    end
  end)

  it("uses the address that it asked where a node names none", function()
    for _, host in ipairs { "$-1\r\n", "$0\r\n\r\n", "_\r\n" } do
      local port = redis.free_port()
      local slots = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n%s:%d\r\n"
      local server = fake(slots:format(
        host, port), ":1\r\n")
      -- The port differs: only the host is that which was asked.
      local store = assert(new { cluster = { "127.0.0.1:" .. server.port },
        timeout = PATIENT, connect_timeout = PATIENT, grace = 0 })
      assert.matches("127.0.0.1:" .. port,
        select(2, store:lock("k", LONG)), 1, true)
    end
  end)

  -- The most that a real cluster can say: each slot is a range of its own.
  it("knows a cluster in 16384 pieces", function()
    local id = ("$40\r\n%040d\r\n*0\r\n"):format(0)
    local port = redis.free_port()
    local server = rawserver.start(([[
      local c = ...
      local node = "*4\r\n$9\r\n127.0.0.1\r\n:%d\r\n" .. %q
      local range = "*4\r\n:%%d\r\n:%%d\r\n" .. node .. node
      local list = { "*16384\r\n" }
      for slot = 0, 16383 do
        list[#list + 1] = range:format(slot, slot)
      end
      c:receive(1)
      c:send(table.concat(list))
      c:hangup()
    ]]):format(port, id))
    finally(function() server:stop() end)
    local store = assert(new { cluster = { "127.0.0.1:" .. server.port },
      timeout = PATIENT, connect_timeout = PATIENT, grace = 0 })
    assert.matches(port .. " refuses connections",
      select(2, store:lock("k", LONG)), 1, true)
  end)

  it("says what is wrong with a master that it has found dead itself",
    function()
      local port = redis.free_port()
      local server = fake(("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n"
        .. "$9\r\n127.0.0.1\r\n:%d\r\n"):format(port), ":1\r\n")
      for _ = 1, 12 do -- which seed is asked first is left to chance
        local store = assert(new { cluster = { "127.0.0.1:" .. port,
          "127.0.0.1:" .. server.port }, timeout = PATIENT,
          connect_timeout = PATIENT, grace = 0 })
        assert.matches(port .. " refuses connections",
          select(2, store:lock("k", LONG)), 1, true)
      end
    end)

  it("stops being sent from node to node", function()
    local slots = "*1\r\n*3\r\n:0\r\n:16383\r\n"
      .. "*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n"
    -- It names itself for ever.
    local loop = rawserver.start(([[
      local c = ...
      while true do
        local line = c:receive "*l"
        if not line then return end
        local words = {}
        for i = 1, tonumber(line:sub(2)) do
          local size = c:receive "*l"
          words[i] = c:receive(tonumber(size:sub(2)) + 2):sub(1, -3)
        end
        local _, own = c.socket:getsockname()
        c:log { method = words[1], path = "", headers = {}, body = "" }
        c:send(words[1] == "CLUSTER" and (%q):format(own)
          or ("-MOVED 1 127.0.0.1:%%d\r\n"):format(own))
      end
    ]]):format(slots))
    finally(function() loop:stop() end)
    local store = assert(new { cluster = { "127.0.0.1:" .. loop.port },
      timeout = PATIENT, grace = 0.5 })
    assert.matches("MOVED", select(2, store:lock("k", LONG)))
    assert.is_true(#loop:requests() < 100)
  end)
end)
