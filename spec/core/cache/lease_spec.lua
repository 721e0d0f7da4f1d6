-- lease: which caller renews a token, which wait, and how it ends.
local core = require "equinix.core"
local slots = require "spec.support.slots"

local tokens = core.tokens
local eventually = slots.eventually
local fill = slots.fill
local new_key = slots.new_key
local open = slots.open
local times = slots.times
local EXPIRED = slots.EXPIRED
local MANDATORY = slots.MANDATORY

describe("slot:acquire", function()
  it("lets one lead and the others wait", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local result, lease, failure, rejected = one:acquire()
    assert.same({ "lead", nil, false }, { result, failure, rejected })
    assert.is_number(lease)
    assert.same({ "wait", lease, true }, { two:acquire() })
    assert.same({ "wait", lease, true }, { one:acquire() })
    assert.same({ "wait", lease, true }, { two:acquire(nil, true) })
  end)

  it("returns ready when there is another token than the one seen", function()
    local slot = open()
    local first = fill(slot, "Bearer 1")
    local second = fill(slot, "Bearer 2")
    assert.same({ "ready" }, { slot:acquire(first) })
    assert.same({ "ready" }, { slot:acquire(0) })
    assert.same({ "ready" }, { slot:acquire(first, true) })
    assert.equal("lead", (slot:acquire(second)))
    -- under way, but a caller that has seen only the first need not wait
    assert.same({ "ready" }, { slot:acquire(first) })
    assert.equal("wait", (slot:acquire(second)))
  end)

  it("does not accept a token that has expired or was refused", function()
    local slot = open()
    local first = fill(slot, "Bearer 1")
    fill(slot, "Bearer 2", EXPIRED)
    local result, lease = slot:acquire(first)
    assert.equal("lead", result)
    slot:fail(lease, nil, 0)
    local third = fill(slot, "Bearer 3")
    slot:reject(third)
    assert.equal("lead", (slot:acquire(first)))
  end)

  it("returns the failure of the last attempt to the leader", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "failure 1", 0)
    local result, again, failure = slot:acquire()
    assert.same({ "lead", "failure 1" }, { result, failure })
    assert.not_equal(lease, again)
    slot:fail(again, nil, 0)
    failure = select(3, slot:acquire())
    assert.equal("failure 1", failure)
  end)

  it("never returns a number twice", function()
    local seen = {}
    local all = { open(), open() }
    for i = 3, 4 do
      all[i] = tokens.open(new_key(), nil, true)
    end
    for _, slot in ipairs(all) do
      for _ = 1, 50 do
        local _, lease = slot:acquire()
        assert.is_nil(seen[lease])
        seen[lease] = true
        slot:fail(lease, nil, 0)
      end
    end
  end)

  it("takes over when a lease is over", function()
    local slot = open()
    local _, first = slot:acquire(nil, nil, 0)
    assert.same({ "gone" }, { slot:result(first) })
    assert.is_true(slot:wait(60, first))
    local result, second = slot:acquire()
    assert.equal("lead", result)
    assert.same(
      { nil, "stale" },
      { slot:publish(first, "record", "Bearer late", times(1, 2, 3)) }
    )
    assert.same({ nil, "stale" }, { slot:fail(first, "late", 60) })
    assert.equal(second, slot:publish(second, "r", "h", times(1, 2, 3)))
  end)

  it("accepts an expired lease if no other caller has led", function()
    local slot = open()
    local _, lease = slot:acquire(nil, nil, 0)
    assert.equal(lease, slot:publish(lease, "r", "Bearer x", times(9, 9, 9)))
    assert.equal("Bearer x", slot:peek())
  end)

  it("keeps the record of an expired token for its leader", function()
    local slot = open()
    local first = fill(slot, "Bearer 1", { 0.01, 0.02, 0.03 }, "refresh")
    assert.is_true(eventually(function()
      return slot:read() == "expired"
    end))
    assert.equal("lead", (slot:acquire(first)))
    assert.same({ "expired", first, nil, "refresh", 0 }, { slot:read() })
  end)

  it("refuses what is not a number", function()
    local slot = open()
    assert.error(function()
      slot:acquire "seen"
    end)
    assert.error_matches(function()
      slot:acquire(nil, nil, 0 / 0)
    end, "number")
    assert.equal("lead", (slot:acquire(nil, nil, math.huge)))
  end)
end)

describe("back-off", function()
  it("lets no caller lead, except by force", function()
    local slot = open()
    local _, lease = slot:acquire()
    assert.is_true(slot:fail(lease, "refused", 60))
    local result, seconds, failure = slot:acquire()
    assert.same({ "backoff", "refused" }, { result, failure })
    assert.is_true(seconds > 50 and seconds <= 60)
    result, lease, failure = slot:acquire(nil, true)
    assert.same({ "lead", "refused" }, { result, failure })
    -- ended without a failure: nothing has changed
    slot:fail(lease, nil, 0)
    assert.equal("backoff", (slot:acquire()))
  end)

  it("may last for ever: a latch", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "locked", math.huge)
    assert.same({ "backoff", math.huge, "locked" }, { slot:acquire() })
    slot:forget()
    assert.same({ "backoff", math.huge, "locked" }, { slot:acquire() })
  end)

  it("ends by itself, and the failure is kept", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "try later", 0.02)
    assert.is_true(eventually(function()
      local result, _, failure = slot:acquire()
      return result == "lead" and failure == "try later"
    end))
  end)

  it("ends with a token, and so does the failure", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "refused", math.huge)
    local serial = fill(slot, "Bearer x")
    local result, _, failure = slot:acquire(serial)
    assert.same({ "lead", nil }, { result, failure })
  end)

  it("returns the last failure only, with every byte", function()
    local slot = open()
    for _, failure in ipairs { ("x"):rep(4096), "y", "\0zz" } do
      local _, lease = slot:acquire()
      slot:fail(lease, failure, 0)
      local _, again, last = slot:acquire()
      assert.equal(failure, last)
      slot:fail(again, nil, 0)
    end
  end)

  it("does not affect a token that may still be served", function()
    local slot = open()
    local serial = fill(slot, "Bearer x", MANDATORY)
    local _, lease = slot:acquire(serial)
    slot:fail(lease, "down", 60)
    local state, same, header = slot:read()
    assert.same({ "mandatory", serial, "Bearer x" }, { state, same, header })
    assert.equal("backoff", (slot:acquire(serial)))
    assert.equal("ready", (slot:acquire(0)))
  end)
end)

describe("slot:result", function()
  it("returns the token to its waiters", function()
    local slot = open()
    local _, renewal = slot:acquire()
    assert.same({ "pending" }, { slot:result(renewal) })
    slot:publish(renewal, "record", "Bearer x", times(1, 2, 3))
    assert.same(
      { "published", renewal, "Bearer x", "record" },
      { slot:result(renewal) }
    )
  end)

  it("returns a token that had expired on arrival", function()
    local slot = open()
    for _, life in ipairs { EXPIRED, { 0, 0, 0 } } do
      local renewal = fill(slot, "Bearer 0", life, "record 0")
      assert.same({ nil, "expired" }, { slot:peek() })
      for _ = 1, 2 do
        assert.same(
          { "published", renewal, "Bearer 0", "record 0" },
          { slot:result(renewal) }
        )
      end
      -- until the next caller leads; then nothing of it is left
      local result, lease = slot:acquire(0)
      assert.equal("lead", result)
      assert.same({ "gone" }, { slot:result(renewal) })
      assert.equal("empty", (slot:read()))
      slot:fail(lease, nil, 0)
    end
  end)

  it("returns the failure to its waiters", function()
    local slot = open()
    local _, renewal = slot:acquire()
    slot:fail(renewal, "no", 60)
    local how, failure, seconds = slot:result(renewal)
    assert.same({ "failed", "no" }, { how, failure })
    assert.is_true(seconds > 50 and seconds <= 60)
    -- also when the next caller already leads
    slot:acquire(nil, true)
    assert.equal("failed", (slot:result(renewal)))
  end)

  it("returns the token to slow waiters while it is renewed again", function()
    local slot = open()
    local renewal = fill(slot, "Bearer 1")
    local _, lease = slot:acquire(renewal)
    assert.equal("published", (slot:result(renewal)))
    slot:publish(lease, "record", "Bearer 2", times(1, 2, 3))
    assert.equal("gone", (slot:result(renewal)))
    assert.equal("published", (slot:result(lease)))
  end)

  it("is gone when ended, forgotten, refused or unknown", function()
    local slot = open()
    local _, renewal = slot:acquire()
    slot:fail(renewal, nil, 0)
    assert.same({ "gone" }, { slot:result(renewal) })
    _, renewal = slot:acquire()
    slot:forget()
    assert.same({ "gone" }, { slot:result(renewal) })
    renewal = fill(slot, "Bearer x")
    slot:reject(renewal)
    assert.same({ "gone" }, { slot:result(renewal) })
    for _, never in ipairs { 0, -1, 2 ^ 40 } do
      assert.same({ "gone" }, { slot:result(never) })
    end
  end)
end)

describe("slot:wait", function()
  it("returns at once when there is nothing to wait for", function()
    local slot = open()
    assert.is_true(slot:wait(math.huge))
    assert.is_true(slot:wait(math.huge, 17))
    local renewal = fill(slot, "Bearer x")
    assert.is_true(slot:wait(math.huge, renewal))
  end)

  it("ends after its time", function()
    local slot = open()
    local _, renewal = slot:acquire()
    local start = core.now()
    assert.is_false(slot:wait(0.15, renewal))
    assert.is_true(core.now() - start >= 0.15)
    assert.is_false(slot:wait(0))
    assert.is_false(slot:wait(-1, renewal))
    assert.is_true(slot:wait(math.huge, renewal - 2))
  end)

  it("ends with the lease", function()
    local slot = open()
    local _, renewal = slot:acquire(nil, nil, 0.05)
    assert.is_true(slot:wait(math.huge, renewal))
    assert.same({ "gone" }, { slot:result(renewal) })
  end)
end)

describe("slot:release", function()
  it("ends a lease that nothing came of: waiters look again", function()
    local slot = open()
    local _, lease = slot:acquire()
    assert.is_true(slot:release(lease))
    assert.same({ "gone" }, { slot:result(lease) })
    local turn, _, note = slot:acquire()
    assert.equal("lead", turn)
    assert.is_nil(note)
  end)

  it("hands a note to the next leader, which waits for none", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:release(lease, "a note")
    assert.same({ "gone" }, { slot:result(lease) })
    local turn, second, note = slot:acquire()
    assert.equal("lead", turn)
    assert.equal("a note", note)
    slot:release(second)
    assert.equal("a note", (select(3, slot:acquire())))
  end)

  it("as pinned lets only a forced one lead, until another note", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:release(lease, "locked", true)
    assert.same({ "backoff", math.huge, "locked" }, { slot:acquire() })
    local turn, second, note = slot:acquire(nil, true)
    assert.equal("lead", turn)
    assert.equal("locked", note)
    slot:release(second)
    assert.equal("backoff", (slot:acquire()))
    _, second = slot:acquire(nil, true)
    slot:release(second, "open")
    assert.equal("lead", (slot:acquire()))
  end)

  it("is stale once another one led, and raises for a note too long",
    function()
      local slot = open()
      local _, lease = slot:acquire()
      slot:release(lease)
      slot:acquire()
      assert.same({ nil, "stale" }, { slot:release(lease, "note") })
      assert.has_error(function()
        slot:release(lease, ("x"):rep(5000))
      end)
    end)
end)

describe("slot:note", function()
  it("reaches the next leader if this one does not end its renewal", function()
    local slot = open()
    local _, lease = slot:acquire(nil, nil, 0.05)
    assert.is_true(slot:note(lease, "a step was taken"))
    assert.is_true(slot:wait(math.huge, lease))
    local result, _, note = slot:acquire()
    assert.same({ "lead", "a step was taken" }, { result, note })
  end)

  it("ends nothing and starts no back-off", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local _, lease = one:acquire()
    one:note(lease, "note")
    assert.same({ "wait", lease, true }, { two:acquire() })
    assert.same({ "pending" }, { two:result(lease) })
    assert.is_true(one:fail(lease, nil, 0))
    assert.equal("lead", (two:acquire()))
  end)

  it("ends with a token, or with another failure", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:note(lease, "note")
    slot:fail(lease, "failure", 0)
    local _, second, note = slot:acquire()
    assert.equal("failure", note)
    slot:note(second, "note")
    slot:publish(second, "record", "Bearer x", times(-3, -2, -1))
    assert.is_nil((select(3, slot:acquire())))
  end)

  it("is refused from a caller that no longer leads", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, nil, 0)
    assert.same({ nil, "stale" }, { slot:note(lease, "note") })
    assert.error(function()
      slot:note(lease, ("x"):rep(5000))
    end)
  end)
end)

describe("a token with a time for the next renewal", function()
  local function publish(slot, life, pause)
    local _, lease = slot:acquire(nil, true)
    local all = times(life, life, life)
    all.next = core.now() + pause
    return assert(slot:publish(lease, "record", "Bearer 1", all)), lease
  end

  it("is followed by none before, unless forced", function()
    local slot = open()
    local serial, lease = publish(slot, -1, 100)
    assert.same({ "published", serial, "Bearer 1", "record" },
      { slot:result(lease) })
    local result, seconds, failure = slot:acquire(serial)
    assert.same({ "backoff", nil }, { result, failure })
    assert.is_true(seconds > 99 and seconds <= 100)
    assert.equal("lead", (slot:acquire(serial, true)))
  end)

  it("is served meanwhile, and followed by one afterwards", function()
    local slot = open()
    local serial = publish(slot, 100, 100)
    assert.equal("Bearer 1", (slot:peek()))
    assert.equal("backoff", (slot:acquire(serial)))
    serial = publish(slot, 100, 0.01)
    eventually(function()
      return slot:acquire(serial) == "lead"
    end)
    assert.error_matches(function()
      slot:publish(1, "record", "Bearer 1", { fresh = 1, advisory = 1,
        expires = 1, next = "soon" })
    end, "no number in 'next'", 1, true)
  end)
end)
