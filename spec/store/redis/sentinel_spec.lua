-- sentinel: the master that the sentinels name, whatever happens to it; real
-- servers and sentinels.
local contract = require "equinix.store.contract"
local new = require("equinix").store.redis
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local redis_sentinel = require "spec.support.redis_sentinel"

local missing = redis.missing()
local LONG, PATIENT = 60, 30

local group

local function open(opts)
  local o = { sentinel = { name = group.name, nodes = group:addresses() },
    timeout = PATIENT, connect_timeout = PATIENT, grace = 60 }
  for name, value in pairs(opts or {}) do
    o[name] = value
  end
  return assert(new(o))
end

local function use(store, key)
  local lease = assert(store:lock(key, LONG))
  assert.is_true(store:save(key, "r", LONG, lease))
  assert.equal("r", (store:load(key)))
  assert.is_true(store:unlock(lease))
  assert.is_true(store:delete(key))
end

describe("a store behind sentinels", function()
  if missing then
    pending(missing)
    return
  end

  setup(function()
    group = redis_sentinel.start()
  end)
  teardown(function()
    group:stop()
  end)
  before_each(function()
    group:heal()
    group:master():ask "FLUSHALL"
  end)

  describe("is a store that", function()
    contract.declare { make = open, peer = open }
  end)

  it("comes from a URL", function()
    use(assert(new { url = ("redis+sentinel://%s/%s"):format(
      table.concat(group:addresses(), ","), group.name),
      timeout = PATIENT }), "k")
  end)

  it("passes over sentinels that are not there", function()
    use(open { sentinel = { name = group.name, nodes = {
      "127.0.0.1:" .. redis.free_port(), group:addresses()[3] } },
      connect_timeout = 1, timeout = 1 }, "k")
  end)

  for how, stop in pairs {
    ["has died"] = function(server) server:kill() end,
    hangs = function(server) group:pause(server) end,
  } do
    it("follows them where the master " .. how, function()
      local store = open { timeout = 0.5, connect_timeout = 0.5 }
      local lease = assert(store:lock("k", LONG))
      assert.is_true(store:save("k", "r", LONG, lease))
      local old = group:master()
      assert.is_true(old:ask("WAIT", 1, 10000) >= 1) -- the replica has it
      stop(old)
      assert.equal("r", (store:load "k"))
      assert.is_true(store:save("k", "s", LONG, lease))
      assert(process.eventually(function() -- all of them know it by then
        local now = group:master()
        return now and now ~= old
      end, PATIENT))
      use(store, "other")
    end)
  end

  it("asks again where a server was made a replica", function()
    local store = open()
    use(store, "k")
    local old = group:master()
    assert(process.eventually(function() -- once it knows a good replica
      return group.sentinels[1]:try("SENTINEL", "FAILOVER", group.name)
    end, PATIENT))
    use(store, "k") -- and never fails with READONLY
    use(store, "k")
    assert.is_true(group:master() ~= nil and old ~= nil)
  end)

  it("says what is wrong with the name, or with a sentinel", function()
    local _, reason, fault = open({ grace = 0, sentinel = { name = "other",
      nodes = group:addresses() } }):lock("k", LONG)
    assert.matches("knows no such master", reason)
    assert.matches("name of the master", fault.hint)
    _, reason, fault = open({ grace = 0, sentinel = { name = group.name,
      nodes = { "127.0.0.1:" .. group:master().port } } }):lock("k", LONG)
    assert.matches("is not a sentinel", reason)
    assert.matches("26379", fault.hint)
  end)

  it("is whole, says its check", function()
    for _, finding in ipairs(open():check(PATIENT)) do
      assert.is_true(finding.ok, finding.message)
    end
  end)
end)

describe("sentinels with a password of their own", function()
  if missing then
    pending(missing)
    return
  end

  it("get that, and the master its own", function()
    group = redis_sentinel.start { password = true, "--requirepass", "secret",
      "--masterauth", "secret" }
    finally(function() group:stop() end)
    local nodes = group:addresses()
    use(open { password = "secret", sentinel = { name = group.name,
      nodes = nodes, password = "secret" } }, "k")
    local _, reason = open({ password = "secret", grace = 0,
      sentinel = { name = group.name, nodes = nodes } }):lock("k", LONG)
    assert.matches("NOAUTH", reason)
    _, reason = open({ grace = 0, sentinel = { name = group.name,
      nodes = nodes, password = "secret" } }):lock("k", LONG)
    assert.matches("NOAUTH", reason)
  end)
end)
