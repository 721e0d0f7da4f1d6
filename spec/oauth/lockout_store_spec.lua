-- lockout_store: bad attempts of an account, counted over machines. Here two
-- machines are two sets of arguments; real processes are in
-- tokens/distributed_processes_spec.lua.
local core = require "equinix.core"
local policy = require "equinix.oauth.lockout_policy"
local lockout_store = require "equinix.oauth.lockout_store"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"
local session = require "equinix.store.session"

local IDENTITY = "identity"

-- Enters as another machine would: with a session of its own.
local function enter(store, transport, seconds)
  local one = session.new(store, function() end):latch(IDENTITY)
  return lockout_store.acquire(one, transport or scripted.transport {}, 35,
    core.now() + (seconds or 0))
end

local function refused(store, secret, known)
  local held = assert(enter(store))
  local state = held:merge(known or policy.new())
  policy.refused(state, policy.fingerprint(IDENTITY, secret), core.now())
  held:release(state, true)
  return state
end

local function state_of(store, known)
  local held = assert(enter(store))
  local state = held:merge(known or policy.new())
  held:release(state, false)
  return state
end

describe("the latch of an account in a store", function()
  it("counts over machines", function()
    local store = memory_store.new()
    for i = 1, 4 do
      refused(memory_store.new(store.data), "secret " .. i)
    end
    local state = state_of(store)
    assert.equal(4, state.count)
    assert.equal(math.huge, policy.wait_seconds(state, "new", core.now()))
  end)

  it("lets one in at a time", function()
    local store = memory_store.new()
    local held = assert(enter(store))
    local other = scripted.transport {}
    other.sleep = core.sleep
    assert.is_nil(enter(store, other, 0.1))
    held:release(policy.new(), false)
    assert(enter(store, other, 0.1))
  end)

  it("holds for as long as is left of it, not anew", function()
    local store = memory_store.new()
    refused(store, "wrong")
    local mark = policy.fingerprint(IDENTITY, "wrong")
    local pause = policy.wait_seconds(state_of(store), mark, core.now())
    assert(pause > 590 and pause <= 600, pause)
    local name = store:names("latch.")[1]
    local kept = policy.decode(store.data.records[name].bytes)
    kept.secrets[mark].at = kept.secrets[mark].at - 500
    store.data.records[name].bytes = policy.encode(kept)
    pause = policy.wait_seconds(state_of(store), mark, core.now())
    assert(pause > 90 and pause <= 100, pause)
    kept.secrets[mark].at = core.time() + 1e6 -- a clock that ran ahead
    store.data.records[name].bytes = policy.encode(kept)
    pause = policy.wait_seconds(state_of(store), mark, core.now())
    assert(pause > 590 and pause <= 600, pause)
  end)

  it("is the truth over what a machine remembers", function()
    local store = memory_store.new()
    local known = refused(store, "wrong")
    local held = enter(store)
    local state = held:merge(known)
    policy.accepted(state, policy.fingerprint(IDENTITY, "wrong"))
    held:release(state, true)
    assert.is_true(policy.is_clear(state_of(store, known)))
  end)

  it("gets what could not be written then", function()
    local store = memory_store.new()
    refused(store, "first")
    local down = memory_store.new(store.data)
    down.broken.save = "it is full"
    local known = refused(down, "second")
    assert.is_true(known.unsaved)
    assert.equal(1, state_of(store).count)
    local state = state_of(store, known)
    assert.equal(2, state.count)
    assert.is_nil(state.unsaved)
    state = state_of(store)
    assert.equal(2, state.count)
    for _, secret in ipairs { "first", "second" } do
      assert(policy.wait_seconds(state, policy.fingerprint(IDENTITY, secret),
        core.now()) > 590, secret)
    end
  end)

  it("is what the machine itself knows where the store is down", function()
    local store = memory_store.new()
    store.broken.lock = "it is down"
    local known = refused(store, "wrong")
    assert.equal(1, known.count)
    assert.equal(1, state_of(store, known).count)
    assert.same({}, store.data.records)
  end)

  it("is written again where the store has lost it", function()
    local store = memory_store.new()
    local known = refused(store, "wrong")
    store.data.records = {}
    state_of(store, known)
    assert.equal(1, state_of(store).count)
  end)

  it("writes nothing where nothing happened", function()
    local store = memory_store.new()
    state_of(store)
    assert.equal("lock load unlock", store:steps())
  end)

  it("is not believed where it is no state", function()
    local store = memory_store.new()
    refused(store, "wrong")
    local name = store:names("latch.")[1]
    for _, bad in ipairs { "", "[]", '{"count":"x","secrets":{}}',
      '{"count":1,"secrets":{"a":1}}', '{"count":1,"secrets":{"a":{"n":1}}}',
      '{"count":-1e300,"secrets":{"a":{"n":"1","at":{}}}}' } do
      store.data.records[name].bytes = bad
      assert.is_true(policy.is_clear(state_of(store)), bad)
    end
  end)
end)
