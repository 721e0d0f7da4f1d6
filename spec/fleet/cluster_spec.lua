-- A Redis Cluster of six processes: where the records rest, what a master that
-- stops costs, and a slot that moves while a token is fetched.
local core = require "equinix.core"
local equinix = require "equinix"
local fleets = require "spec.support.fleet"
local redis = require "spec.support.redis"
local redis_cluster = require "spec.support.redis_cluster"
local store_contract = require "equinix.store.contract"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()
local cluster

setup(function()
  cluster = redis_cluster.start()
end)
teardown(function()
  cluster:stop()
end)
before_each(function()
  cluster:flush()
end)

-- On a machine that is busy with more, a failover takes longer than the usual
-- grace, so these have a long one.
local function all()
  return { cluster = cluster:addresses(), grace = 20, hasty = true }
end

-- The node with the records of this fleet, and their slot.
local function owner()
  return cluster:master_of(assert(cluster:keys "equinix:*"[1]))
end

local function another_master(node)
  for _, other in ipairs(cluster:with_role "master") do
    if other ~= node then
      return other
    end
  end
end

-- 12 processes of which one has sent its request, which takes two seconds.
local function in_flight()
  scene.e:config { token_latency = 2 }
  local fleet = scene:fleet(all(), 12, 60)
  fleet:begin()
  fleets.await_requests(scene.e, 1)
  return fleet
end

describe("a store over a cluster whose seeds are replicas", function()
  local function open()
    return assert(equinix.store.redis {
      cluster = cluster:addresses(4, 5, 6), timeout = 10, grace = 10,
    })
  end
  store_contract.declare { make = open, peer = open }
end)

describe("12 processes over a cluster", function()
  it("cost one request when they know only replicas", function()
    scene.e:config { token_latency = 0.5 }
    local list = scene:fleet({ cluster = cluster:addresses(4, 5, 6) }):round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
  end)

  it("cost one when they know one node, by a URL", function()
    scene.e:config { token_latency = 0.5 }
    local list = scene:fleet({
      url = "redis+cluster://" .. cluster:addresses(2)[1],
    }):round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
  end)

  it("have all records of an account in one slot", function()
    local list = in_flight():results()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
    local keys, slots = cluster:keys "*", {}
    assert(#keys >= 2, "token and latch")
    for _, key in ipairs(keys) do
      local _, slot = cluster:master_of(key)
      slots[slot] = true
    end
    assert.equal(nil, next(slots, (next(slots))), table.concat(keys, " "))
  end)
end)

describe("a master that stops while a token is fetched", function()
  after_each(function()
    cluster:heal()
  end)

  for how, stop in pairs {
    ["hanging"] = function(node) cluster:pause(node) end,
    ["killed"] = function(node) node:kill() end,
  } do
    it("fails no caller and costs two requests at most: " .. how, function()
      local fleet = in_flight()
      stop(owner())
      fleets.assert_tokens(fleet:results())
      assert(fleets.requests(scene.e) <= 2, fleets.requests(scene.e))
    end)
  end

  it("leaves the token where all find it after the failover", function()
    local fleet = in_flight()
    owner():kill()
    fleets.assert_tokens(fleet:results())
    local before = fleets.requests(scene.e)
    fleets.assert_one_token(scene:fleet(all(), 4):round())
    assert.equal(before, fleets.requests(scene.e))
  end)
end)

describe("a slot that moves while a token is fetched", function()
  -- Its keys go at once; the slot itself after these seconds.
  local function move_within(seconds)
    local fleet = in_flight()
    local from, slot = owner()
    local move = cluster:migrate(slot, from, another_master(from))
    scene:finally(move.finish)
    assert(move.keys() > 0)
    core.sleep(seconds)
    move.finish()
    local list = fleet:results()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
    return fleet
  end

  it("costs nothing: those that wait meet ASK, the token MOVED", function()
    local fleet = move_within(1)
    fleets.assert_one_token(scene:fleet(all(), 4):round())
    local list = fleet:round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(2, fleets.requests(scene.e))
  end)

  it("costs nothing when the token comes in the middle of it", function()
    move_within(3) -- until then there is TRYAGAIN for two keys
  end)

  it("costs nothing when it has moved before anything is sent", function()
    move_within(0)
  end)
end)
