-- account: the guard that whoever sends credentials holds meanwhile.
local account = require "equinix.oauth.lockout"
local core = require "equinix.core"
local guard = require "equinix.oauth.lockout_policy"
local latch = require "equinix.oauth.lockout_store"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"
local shelf = require "equinix.store.shelf"
local visit = require "equinix.store.session"

local function enter(identity, proof, transport, seconds)
  return account.enter(identity, proof, transport or scripted.transport {},
    35, core.now() + (seconds or 5))
end

describe("the guard of an account", function()
  it("lets one in at a time, and the next one after him", function()
    local identity = scripted.unique()
    local held = assert(enter(identity, "proof"))
    local other = scripted.transport {}
    other.blocking = false
    other.sleep = core.sleep
    local nobody, problem = enter(identity, "another", other, 0.05)
    assert.is_nil(nobody)
    assert.equal("token_wait", problem.code)
    held:leave()
    local next_one = assert(enter(identity, "another", other))
    next_one:leave()
  end)

  it("never waits for itself in one thread", function()
    local identity = scripted.unique()
    local held = assert(enter(identity, "proof"))
    assert.equal("token_wait", select(2, enter(identity, "proof")).code)
    held:leave()
  end)

  it("keeps who was refused, for whoever enters next", function()
    local identity = scripted.unique()
    local held = assert(enter(identity, "wrong"))
    assert.equal(0, held:pause())
    local pause, refusals = held:refused()
    assert.is_true(pause > 599)
    assert.equal(1, refusals)
    held:leave()

    held = assert(enter(identity, "wrong"))
    assert.is_true(held:pause() > 590)
    local problem = held:latched()
    assert.equal("auth", problem.kind)
    assert.equal("latched", problem.code)
    assert.is_true(problem.retry_after > 590)
    held:leave()

    held = assert(enter(identity, "right"))
    assert.equal(0, held:pause())
    held:accepted()
    held:leave()
    held = assert(enter(identity, "wrong"))
    assert.is_true(held:pause() > 590)
    held:leave()
  end)

  it("forgets a count that a success has cleared", function()
    local identity = scripted.unique()
    for _ = 1, 3 do
      local held = assert(enter(identity, "x"))
      held:refused()
      held:accepted()
      held:leave()
    end
    local held = assert(enter(identity, "x"))
    assert.equal(0, held:pause())
    assert.equal(0, held.state.count)
    held:leave()
  end)
end)

describe("the guard of an account with a store", function()
  local function join(store, identity, proof, seconds)
    local transport = scripted.transport {}
    transport.sleep = core.sleep
    return account.enter(identity, proof, transport, 35,
      core.now() + (seconds or 5), shelf.latch(visit.new(store,
      function() end), identity))
  end

  -- What another machine has refused, this one has never heard of.
  local function refuse_elsewhere(store, identity, proof)
    local one = shelf.latch(visit.new(store, function() end), identity)
    local held = assert(latch.enter(one, scripted.transport {}, 35, 0))
    local state = held:merge(guard.new())
    guard.refused(state, guard.fingerprint(identity, proof), core.now())
    held:leave(state, true)
  end

  it("knows what was refused on another machine", function()
    local store, identity = memory_store.new(), scripted.unique()
    refuse_elsewhere(store, identity, "wrong")
    local held = assert(join(store, identity, "wrong"))
    assert(held:pause() > 590)
    assert.equal("latched", held:latched().code)
    held:leave()
  end)

  it("tells the others, and gives the store's lock back", function()
    local store, identity = memory_store.new(), scripted.unique()
    local held = assert(join(store, identity, "wrong"))
    held:refused()
    held:leave()
    assert.same({}, store.data.locks)
    local name = store:names("latch.")[1]
    assert.equal(1, guard.decode(store.data.records[name].bytes).count)
    held = assert(join(store, identity, "right"))
    held:accepted()
    held:leave()
    assert.equal(0, guard.decode(store.data.records[name].bytes).count)
  end)

  it("waits for another machine until its deadline, and then gives up all",
    function()
      local store, identity = memory_store.new(), scripted.unique()
      local one = shelf.latch(visit.new(store, function() end), identity)
      local elsewhere = assert(one:lock(100))
      local nobody, problem = join(store, identity, "proof", 0.1)
      assert.is_nil(nobody)
      assert.equal("token_wait", problem.code)
      one:unlock(elsewhere)
      assert(join(store, identity, "proof", 0.1)):leave()
    end)

  it("remembers what the store did not take, and brings it later", function()
    local store, identity = memory_store.new(), scripted.unique()
    store.broken.save = "it is full"
    local held = assert(join(store, identity, "wrong"))
    held:refused()
    held:leave()
    assert.same({}, store.data.records)
    store.broken.save = nil
    assert(join(store, identity, "right")):leave()
    local name = store:names("latch.")[1]
    assert.equal(1, guard.decode(store.data.records[name].bytes).count)
  end)
end)
