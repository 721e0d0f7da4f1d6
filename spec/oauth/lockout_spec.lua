-- lockout: the guard that is held while credentials are on the wire.
local core = require "equinix.core"
local lockout = require "equinix.oauth.lockout"
local lockout_page = require "equinix.oauth.lockout_page"
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
  local slot = core.tokens.open("lock-out page "
    .. lockout_page.number(identity), "note")
  local _, lease, text = slot:acquire(nil, true)
  slot:release(lease)
  slot:close()
  return lockout_page.decode(text):account(identity, core.now())
end

describe("the guard of an account", function()
  it("lets four be in flight, whatever their secrets", function()
    local identity, deepest = scripted.unique(), 0
    local function nested(depth)
      return function()
        deepest = math.max(deepest, depth)
        local verdict, result = attempt(identity, "proof " .. depth,
          nested(depth + 1), { transport = transport(false),
            deadline = core.now() + 0.05 })
        if verdict == "late" then
          assert.equal("token_wait", result.err.code)
        end
        return "accepted", { "mine" }
      end
    end
    local verdict, result = attempt(identity, "proof 0", nested(1))
    assert.equal("accepted", verdict)
    assert.same({ "mine" }, result)
    assert.equal(4, deepest)
    assert.is_true(policy.is_clear(state_of(identity)))
  end)

  it("never waits for itself in one thread", function()
    local identity, depth = scripted.unique(), 0
    local function deeper()
      depth = depth + 1
      local is_last = depth == 4
      assert.equal(is_last and "late" or "unknown", (attempt(identity,
        "proof", deeper, { deadline = math.huge })))
      return "unknown", {}
    end
    attempt(identity, "proof", deeper)
    assert.equal(4, depth)
  end)

  it("sends what is left of the budget, beside refusals", function()
    local identity = scripted.unique()
    attempt(identity, "x", says "refused")
    attempt(identity, "y", says "refused")
    attempt(identity, "a", function()
      attempt(identity, "b", function()
        assert.equal("late", (attempt(identity, "c", never)))
        return "refused", {}
      end)
      return "refused", {}
    end)
    assert.equal(4, state_of(identity).count)
    assert.equal("latched", (attempt(identity, "d", never)))
  end)

  it("gives a refused secret its second chance once", function()
    local identity = scripted.unique()
    attempt(identity, "x", says "refused", { force = true })
    attempt(identity, "x", function()
      assert.equal("latched", (attempt(identity, "x", never)))
      return "unknown", {}
    end, { force = true })
  end)

  it("asks again where its turn was over in between", function()
    local identity, asked = scripted.unique(), 0
    attempt(identity, "x", says "refused")
    local slot = core.tokens.open("lock-out page "
      .. lockout_page.number(identity), "note")
    assert.equal("unknown", (attempt(identity, "y", function()
      assert.is_truthy(next(state_of(identity).attempts))
      return "unknown", {}
    end, {
      proof = function()
        asked = asked + 1
        if asked == 1 then
          slot:forget()
        end
        return "y"
      end,
    })))
    slot:close()
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

describe("the attempts of callers", function()
  local CALLER = { caller = true, own = true }

  it("on the service's own account have two of the four", function()
    local identity = scripted.unique()
    lockout.keep(identity)
    attempt(identity, "right", says "accepted")
    for i = 1, 2 do
      assert.equal("refused", (attempt(identity, "w" .. i, says "refused",
        CALLER)))
    end
    assert.equal("latched", (attempt(identity, "w3", never, CALLER)))
    -- The secret that was accepted is sent on, for a caller too.
    assert.equal("unknown", (attempt(identity, "right", says "unknown",
      CALLER)))
    -- One more of ours may be wrong, and the accepted one still is sent.
    assert.equal("refused", (attempt(identity, "new", says "refused")))
    assert.equal("latched", (attempt(identity, "newer", never)))
    assert.equal("accepted", (attempt(identity, "right", says "accepted")))
    assert.equal("refused", (attempt(identity, "w4", says "refused", CALLER)))
  end)

  it("count on that account though no answer came", function()
    local identity = scripted.unique()
    lockout.keep(identity)
    attempt(identity, "right", says "accepted")
    local function unanswered()
      return "unknown", { maybe_sent = true }
    end
    attempt(identity, "w1", unanswered, CALLER)
    attempt(identity, "w2", unanswered, CALLER)
    local verdict, result = attempt(identity, "w3", never, CALLER)
    assert.equal("latched", verdict)
    assert(result.pause > 3590 and result.pause <= 3600, result.pause)
    attempt(identity, "right", unanswered)
    assert.equal("accepted", (attempt(identity, "right", says "accepted")))
    attempt(identity, "w4", says "unknown", CALLER)
  end)

  it("on other accounts have all four", function()
    local identity = scripted.unique()
    for i = 1, 4 do
      assert.equal("refused", (attempt(identity, "w" .. i, says "refused",
        { caller = true })))
    end
    assert.equal("latched", (attempt(identity, "w5", never,
      { caller = true })))
  end)

  it("take room only for what is sent", function()
    local identity, taken = scripted.unique(), 0
    local room = {
      take = function()
        taken = taken + 1
        return true
      end,
      give = function()
        taken = taken - 1
      end,
    }
    attempt(identity, "x", says "refused", room)
    assert.equal(1, taken)
    assert.equal("latched", (attempt(identity, "x", never, room)))
    assert.equal(1, taken)
  end)

  it("of as many accounts as they like leave room for ours", function()
    local identity, sent = scripted.unique(), 0
    lockout.keep(identity)
    local function on_our_page()
      local other
      repeat
        other = scripted.unique()
      until lockout_page.number(other) == lockout_page.number(identity)
      return other
    end
    local function one_more()
      sent = sent + 1
      assert(sent < 200)
      local verdict = attempt(on_our_page(), "x", one_more, { caller = true,
        transport = transport(false), deadline = core.now() + 0.05 })
      if verdict == "late" then -- no room for one more
        for i = 1, 3 do
          assert.equal("refused", (attempt(identity, "new" .. i,
            says "refused")))
        end
        assert.equal("accepted", (attempt(identity, "right",
          says "accepted")))
      end
      return "unknown", {}
    end
    assert.equal("unknown", one_more())
    assert(sent > 40, sent)
  end)

  it("are not sent when the caller has hung up", function()
    local verdict, result = attempt(scripted.unique(), "x", never, {
      wanted = function()
        return false
      end,
    })
    assert.equal("dropped", verdict)
    assert.equal("caller_gone", result.err.code)
  end)
end)

describe("what is held back", function()
  it("is known without sending anything", function()
    local identity = scripted.unique()
    local function held(proof)
      return lockout.held_back { identity = identity, proof = function()
        return proof
      end, transport = transport(true), deadline = core.now() + 5 }
    end
    assert.equal(0, held "x")
    attempt(identity, "x", says "refused")
    local pause, err = held "x"
    assert(pause > 590)
    assert.equal("latched", err.code)
    assert.equal(0, held "y")
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
    return session.new(store, function() end)
      :latches(lockout_page.number(identity))
  end

  local function joint(store, identity, proof, send, seconds)
    return attempt(identity, proof, send, {
      stored = stored(store, identity),
      deadline = core.now() + (seconds or 5),
    })
  end

  -- A refusal of another machine, which this one knows nothing about.
  local function refuse_elsewhere(store, identity, proof)
    local held = assert(lockout_store.acquire(stored(store, identity)))
    local page = held:merge(lockout_page.new())
    policy.refused(page:account(identity, core.now()),
      policy.fingerprint(identity, proof), core.now())
    held:release(page, true)
  end

  local function count_in(store, identity)
    local name = store:names("latch.")[1]
    return lockout_page.decode(store.data.records[name].bytes)
      :account(identity, core.time()).count
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
    assert.equal(1, count_in(store, identity))
    joint(store, identity, "right", says "accepted")
    assert.equal(0, count_in(store, identity))
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

  it("asks again where its lock in the store was over in between", function()
    local store, identity = memory_store.new(), scripted.unique()
    joint(store, identity, "first", says "refused")
    local load, others = store.load, 0
    function store:load(key)
      local bytes, left = load(self, key)
      if others < 3 then -- this process is stopped until others have led
        others = others + 1
        self.data.locks = {}
        local elsewhere = memory_store.new(self.data)
        refuse_elsewhere(elsewhere, identity, "wrong " .. others)
      end
      return bytes, left
    end
    local verdict = joint(store, identity, "right", never)
    assert.equal("latched", verdict)
    assert.equal(4, count_in(store, identity))
    assert.same({}, store.data.locks)
  end)

  it("remembers what the store did not take, and brings it later", function()
    local store, identity = memory_store.new(), scripted.unique()
    store.broken.save = "it is full"
    joint(store, identity, "wrong", says "refused")
    assert.same({}, store.data.records)
    assert.same({}, store.data.locks)
    store.broken.save = nil
    joint(store, identity, "right", says "unknown")
    assert.equal(1, count_in(store, identity))
  end)

  it("says which secret of a service was accepted, so that others leave one "
    .. "attempt for it", function()
    local store, identity = memory_store.new(), scripted.unique()
    lockout.keep(identity)
    joint(store, identity, "right", says "accepted")
    for i = 1, 3 do
      refuse_elsewhere(store, identity, "wrong " .. i)
    end
    assert.equal("latched", (joint(store, identity, "wrong 4", never)))
    assert.equal("accepted", (joint(store, identity, "right",
      says "accepted")))
    assert.equal(0, count_in(store, identity))
  end)

  it("gets what was counted where there was no store", function()
    local store, identity = memory_store.new(), scripted.unique()
    attempt(identity, "wrong", says "refused")
    joint(store, identity, "right", says "unknown")
    assert.equal(1, count_in(store, identity))
  end)
end)
