-- lockout: the guard that is held while credentials are on the wire.
local core = require "equinix.core"
local lockout = require "equinix.oauth.lockout"
local lockout_store = require "equinix.oauth.lockout_store"
local memory_store = require "spec.support.memory_store"
local policy = require "equinix.oauth.lockout_policy"
local scripted = require "spec.support.scripted"
local session = require "equinix.store.session"
local tables = require "equinix.base.table"

local function transport(blocking)
  local port = scripted.transport {}
  port.sleep, port.blocking = core.sleep, blocking
  return port
end

-- One attempt; `over` replaces what it says about itself.
local function attempt(identity, proof, send, over)
  return lockout.guarded(tables.update({
    identity = identity,
    proof = function()
      return proof
    end,
    transport = transport(true),
    seconds = 35,
    deadline = core.now() + 5,
  }, over), send)
end

-- A send() that does nothing but say what came of it.
local function says(verdict)
  return function()
    return verdict, {}
  end
end

local function never()
  error "it was sent"
end

-- What the guard has on record for an account.
local function state_of(identity)
  local slot = core.tokens.open(identity)
  local _, lease, text = slot:acquire(nil, true)
  slot:release(lease)
  slot:close()
  return policy.decode(text)
end

describe("the guard of an account", function()
  it("lets one send at a time", function()
    local identity = scripted.unique()
    local verdict, result = attempt(identity, "proof", function()
      local late, reason = attempt(identity, "another", never, {
        transport = transport(false), deadline = core.now() + 0.05,
      })
      assert.equal("late", late)
      assert.equal("token_wait", reason.err.code)
      return "accepted", { "mine" }
    end)
    assert.equal("accepted", verdict)
    assert.same({ "mine" }, result)
    assert.equal("accepted", (attempt(identity, "another", says "accepted")))
  end)

  it("never waits for itself in one thread", function()
    local identity = scripted.unique()
    attempt(identity, "proof", function()
      assert.equal("late", (attempt(identity, "proof", never)))
      return "unknown", {}
    end)
  end)

  it("is given back when sending raises, and passes that on", function()
    local identity = scripted.unique()
    assert.error_matches(function()
      attempt(identity, "proof", never)
    end, "it was sent")
    assert.equal("accepted", (attempt(identity, "proof", says "accepted")))
  end)

  it("holds back what was refused, and says for how long", function()
    local identity = scripted.unique()
    local verdict, result = attempt(identity, "wrong", says "refused")
    assert.equal("refused", verdict)
    assert.is_true(result.pause > 599)
    assert.equal(1, result.refusals)

    verdict, result = attempt(identity, "wrong", never)
    assert.equal("latched", verdict)
    assert.is_true(result.pause > 590)
    assert.equal("auth", result.err.kind)
    assert.equal("latched", result.err.code)
    assert.is_true(result.err.retry_after > 590)

    assert.equal("accepted", (attempt(identity, "right", says "accepted")))
    assert.equal("latched", (attempt(identity, "wrong", never)))
  end)

  it("lets a forced attempt pass", function()
    local identity = scripted.unique()
    attempt(identity, "wrong", says "refused")
    local verdict, result = attempt(identity, "wrong", says "refused",
      { force = true })
    assert.equal("refused", verdict)
    assert.equal(2, result.refusals)
  end)

  it("counts nothing where a response says nothing", function()
    local identity = scripted.unique()
    attempt(identity, "x", says "refused")
    attempt(identity, "y", says "unknown")
    assert.equal(1, state_of(identity).count)
  end)

  it("forgets a count that a success has cleared", function()
    local identity = scripted.unique()
    for i = 1, 3 do
      attempt(identity, "x" .. i, says "refused")
    end
    attempt(identity, "y", says "accepted")
    assert.equal(0, state_of(identity).count)
    for i = 1, 3 do
      attempt(identity, "x" .. i, says "accepted", { force = true })
    end
    assert.is_true(policy.is_clear(state_of(identity)))
  end)

  it("asks for the proof only where there is a refusal", function()
    assert.equal("accepted", (attempt(scripted.unique(), nil,
      says "accepted", { proof = never })))
  end)
end)

describe("the slot of a guard", function()
  local opened
  before_each(function()
    opened = {}
    stub(core.tokens, "open", function(...)
      local slot = core.tokens.open_as_ever(...)
      opened[#opened + 1] = slot
      return slot
    end)
  end)
  setup(function()
    core.tokens.open_as_ever = core.tokens.open
  end)
  after_each(function()
    core.tokens.open:revert()
  end)
  teardown(function()
    core.tokens.open_as_ever = nil
  end)

  local function is_open(slot)
    return not tostring(slot):find "closed"
  end

  local function count_open()
    local count = 0
    for _, slot in ipairs(opened) do
      count = count + (is_open(slot) and 1 or 0)
    end
    return count
  end

  it("is closed after each attempt", function()
    local identity = scripted.unique()
    attempt(identity, "a", says "accepted")
    pcall(attempt, identity, "a", never)
    attempt(identity, "a", says "unknown", { foreign = true })
    assert.equal(3, #opened)
    assert.equal(0, count_open())
  end)

  it("stays open, one for an account, as long as there is a refusal",
    function()
      local identity = scripted.unique()
      attempt(identity, "a", says "refused")
      attempt(identity, "b", says "refused")
      attempt(identity, "a", never)
      assert.equal(1, count_open())
      attempt(identity, "a", says "accepted", { force = true })
      attempt(identity, "b", says "accepted", { force = true })
      assert.equal(0, count_open())
    end)

  it("stays open for so many accounts of callers only", function()
    for _ = 1, 70 do
      attempt(scripted.unique(), "a", says "refused", { foreign = true })
    end
    assert.equal(64, count_open())
  end)
end)

-- Three callers of one account after a refusal, in one Lua state.
local it_yields = _VERSION == "Lua 5.1" and not jit and pending or it

describe("callers that wait in one thread", function()
  local function caller(identity, proof, send)
    local port = transport(false)
    port.sleep = function()
      coroutine.yield()
    end
    return coroutine.wrap(function()
      return "done", attempt(identity, proof, send, { transport = port,
        force = true })
    end)
  end

  local function yields_once()
    coroutine.yield()
    return "accepted", {}
  end

  it_yields("are not disturbed by those that clear a refusal", function()
    local identity, callers = scripted.unique(), {}
    attempt(identity, "a", says "refused")
    for i = 1, 4 do
      callers[i] = caller(identity, "a", yields_once)
      callers[i]()
    end
    local verdicts = {}
    scripted.until_true(function()
      for i = 1, 4 do
        if not verdicts[i] then
          local done, verdict = callers[i]()
          verdicts[i] = done and verdict
        end
      end
      return #verdicts == 4
    end, "the end of all")
    assert.same({ "accepted", "accepted", "accepted", "accepted" }, verdicts)
  end)

  it_yields("are not held up by one that was dropped", function()
    local identity = scripted.unique()
    attempt(identity, "a", says "refused")
    local dropped = caller(identity, "b", yields_once)
    dropped()
    dropped = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.equal("accepted", (attempt(identity, "b", says "accepted")))
  end)
end)

describe("the guard of an account with a store", function()
  local function stored(store, identity)
    return session.new(store, function() end):latch(identity)
  end

  local function joint(store, identity, proof, send, seconds)
    return attempt(identity, proof, send, {
      stored = stored(store, identity),
      deadline = core.now() + (seconds or 5),
    })
  end

  -- A refusal of another machine, which this one knows nothing about.
  local function refuse_elsewhere(store, identity, proof)
    local held = assert(lockout_store.acquire(stored(store, identity),
      transport(true), 35, 0))
    local state = held:merge(policy.new())
    policy.refused(state, policy.fingerprint(identity, proof), core.now())
    held:release(state, true)
  end

  local function count_in(store)
    local name = store:names("latch.")[1]
    return policy.decode(store.data.records[name].bytes).count
  end

  it("knows what was refused on another machine", function()
    local store, identity = memory_store.new(), scripted.unique()
    refuse_elsewhere(store, identity, "wrong")
    local verdict, result = joint(store, identity, "wrong", never)
    assert.equal("latched", verdict)
    assert(result.pause > 590)
    assert.same({}, store.data.locks)
  end)

  it("tells the others, and gives the store's lock back", function()
    local store, identity = memory_store.new(), scripted.unique()
    joint(store, identity, "wrong", says "refused")
    assert.same({}, store.data.locks)
    assert.equal(1, count_in(store))
    joint(store, identity, "right", says "accepted")
    assert.equal(0, count_in(store))
    pcall(joint, store, identity, "right", never)
    assert.same({}, store.data.locks)
  end)

  it("knows what the store said, though sending raised", function()
    local store, identity = memory_store.new(), scripted.unique()
    for i = 1, 3 do
      refuse_elsewhere(store, identity, "wrong " .. i)
    end
    pcall(joint, store, identity, "right", never)
    assert.equal(3, state_of(identity).count)
  end)

  it("waits for another machine until its deadline, and then gives up all",
    function()
      local store, identity = memory_store.new(), scripted.unique()
      local one = stored(store, identity)
      local elsewhere = assert(one:lock(100))
      local verdict, result = joint(store, identity, "proof", never, 0.1)
      assert.equal("late", verdict)
      assert.equal("token_wait", result.err.code)
      one:unlock(elsewhere)
      assert.equal("accepted", (joint(store, identity, "proof",
        says "accepted", 0.1)))
    end)

  it("remembers what the store did not take, and brings it later", function()
    local store, identity = memory_store.new(), scripted.unique()
    store.broken.save = "it is full"
    joint(store, identity, "wrong", says "refused")
    assert.same({}, store.data.records)
    store.broken.save = nil
    joint(store, identity, "right", says "unknown")
    assert.equal(1, count_in(store))
  end)

  it("gets what was counted where there was no store", function()
    local store, identity = memory_store.new(), scripted.unique()
    attempt(identity, "wrong", says "refused")
    joint(store, identity, "right", says "unknown")
    assert.equal(1, count_in(store))
  end)
end)
