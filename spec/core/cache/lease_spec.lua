-- Who fetches the next token, who waits, and how it ends.
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
    local turn, lease, failure, rejected = one:acquire()
    assert.same({ "lead", nil, false }, { turn, failure, rejected })
    assert.is_number(lease)
    assert.same({ "wait", lease, true }, { two:acquire() })
    assert.same({ "wait", lease, true }, { one:acquire() })
    assert.same({ "wait", lease, true }, { two:acquire(nil, true) })
  end)

  it("says ready when there is another token than the one seen", function()
    local slot = open()
    local first = fill(slot, "Bearer 1")
    local second = fill(slot, "Bearer 2")
    assert.same({ "ready" }, { slot:acquire(first) })
    assert.same({ "ready" }, { slot:acquire(0) })
    assert.same({ "ready" }, { slot:acquire(first, true) })
    assert.equal("lead", (slot:acquire(second)))
    -- under way, but who has only seen the first one need not wait for it
    assert.same({ "ready" }, { slot:acquire(first) })
    assert.equal("wait", (slot:acquire(second)))
  end)

  it("is not content with a token that is over or refused", function()
    local slot = open()
    local first = fill(slot, "Bearer 1")
    fill(slot, "Bearer 2", EXPIRED)
    local turn, lease = slot:acquire(first)
    assert.equal("lead", turn)
    slot:fail(lease, nil, 0)
    local third = fill(slot, "Bearer 3")
    slot:reject(third)
    assert.equal("lead", (slot:acquire(first)))
  end)

  it("tells the leader what became of the last attempt", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "failure 1", 0)
    local turn, again, failure = slot:acquire()
    assert.same({ "lead", "failure 1" }, { turn, failure })
    assert.not_equal(lease, again)
    slot:fail(again, nil, 0)
    failure = select(3, slot:acquire())
    assert.equal("failure 1", failure)
  end)

  it("never gives a number twice", function()
    local seen = {}
    local places = { open(), open() }
    for i = 3, 4 do
      places[i] = tokens.open(new_key(), true)
    end
    for _, slot in ipairs(places) do
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
    assert.is_true(slot:wait(10, first))
    local turn, second = slot:acquire()
    assert.equal("lead", turn)
    assert.same(
      { nil, "stale" },
      { slot:publish(first, "record", "Bearer late", times(1, 2, 3)) }
    )
    assert.same({ nil, "stale" }, { slot:fail(first, "late", 60) })
    assert.equal(second, slot:publish(second, "r", "h", times(1, 2, 3)))
  end)

  it("takes a lease in time though late, if nobody else led", function()
    local slot = open()
    local _, lease = slot:acquire(nil, nil, 0)
    assert.equal(lease, slot:publish(lease, "r", "Bearer x", times(9, 9, 9)))
    assert.equal("Bearer x", slot:peek())
  end)

  it("keeps the record of a token that is over for its leader", function()
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
  it("keeps everybody from leading but by force", function()
    local slot = open()
    local _, lease = slot:acquire()
    assert.is_true(slot:fail(lease, "refused", 60))
    local turn, seconds, failure = slot:acquire()
    assert.same({ "backoff", "refused" }, { turn, failure })
    assert.is_true(seconds > 50 and seconds <= 60)
    turn, lease, failure = slot:acquire(nil, true)
    assert.same({ "lead", "refused" }, { turn, failure })
    -- given back without a word, all is as it was
    slot:fail(lease, nil, 0)
    assert.equal("backoff", (slot:acquire()))
  end)

  it("may be for ever: a latch", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "locked", math.huge)
    assert.same({ "backoff", math.huge, "locked" }, { slot:acquire() })
    slot:forget()
    assert.same({ "backoff", math.huge, "locked" }, { slot:acquire() })
  end)

  it("ends by itself, and the failure is not forgotten", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "try later", 0.02)
    assert.is_true(eventually(function()
      local turn, _, failure = slot:acquire()
      return turn == "lead" and failure == "try later"
    end))
  end)

  it("ends with a token, and the failure with it", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, "refused", math.huge)
    local serial = fill(slot, "Bearer x")
    local turn, _, failure = slot:acquire(serial)
    assert.same({ "lead", nil }, { turn, failure })
  end)

  it("tells the last failure only, to its last byte", function()
    local slot = open()
    for _, failure in ipairs { ("x"):rep(4096), "y", "\0zz" } do
      local _, lease = slot:acquire()
      slot:fail(lease, failure, 0)
      local _, again, last = slot:acquire()
      assert.equal(failure, last)
      slot:fail(again, nil, 0)
    end
  end)

  it("leaves a token alone that may still be served", function()
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
  it("tells the waiters of a token", function()
    local slot = open()
    local _, flight = slot:acquire()
    assert.same({ "pending" }, { slot:result(flight) })
    slot:publish(flight, "record", "Bearer x", times(1, 2, 3))
    assert.same(
      { "published", flight, "Bearer x", "record" },
      { slot:result(flight) }
    )
  end)

  it("hands a token out whose life was over when it came", function()
    local slot = open()
    for _, life in ipairs { EXPIRED, { 0, 0, 0 } } do
      local flight = fill(slot, "Bearer 0", life, "record 0")
      assert.same({ nil, "expired" }, { slot:peek() })
      for _ = 1, 2 do
        assert.same(
          { "published", flight, "Bearer 0", "record 0" },
          { slot:result(flight) }
        )
      end
      -- until the next one leads; then it is gone without a trace
      local turn, lease = slot:acquire(0)
      assert.equal("lead", turn)
      assert.same({ "gone" }, { slot:result(flight) })
      assert.equal("empty", (slot:read()))
      slot:fail(lease, nil, 0)
    end
  end)

  it("tells the waiters of a failure", function()
    local slot = open()
    local _, flight = slot:acquire()
    slot:fail(flight, "no", 60)
    local how, failure, seconds = slot:result(flight)
    assert.same({ "failed", "no" }, { how, failure })
    assert.is_true(seconds > 50 and seconds <= 60)
    -- also when the next one already leads
    slot:acquire(nil, true)
    assert.equal("failed", (slot:result(flight)))
  end)

  it("tells slow waiters of a token that is renewed already", function()
    local slot = open()
    local flight = fill(slot, "Bearer 1")
    local _, lease = slot:acquire(flight)
    assert.equal("published", (slot:result(flight)))
    slot:publish(lease, "record", "Bearer 2", times(1, 2, 3))
    assert.equal("gone", (slot:result(flight)))
    assert.equal("published", (slot:result(lease)))
  end)

  it("is gone when given back, forgotten, refused or never was", function()
    local slot = open()
    local _, flight = slot:acquire()
    slot:fail(flight, nil, 0)
    assert.same({ "gone" }, { slot:result(flight) })
    _, flight = slot:acquire()
    slot:forget()
    assert.same({ "gone" }, { slot:result(flight) })
    flight = fill(slot, "Bearer x")
    slot:reject(flight)
    assert.same({ "gone" }, { slot:result(flight) })
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
    local flight = fill(slot, "Bearer x")
    assert.is_true(slot:wait(math.huge, flight))
  end)

  it("gives up after its time", function()
    local slot = open()
    local _, flight = slot:acquire()
    local start = core.now()
    assert.is_false(slot:wait(0.15, flight))
    assert.is_true(core.now() - start >= 0.15)
    assert.is_false(slot:wait(0))
    assert.is_false(slot:wait(-1, flight))
    assert.is_true(slot:wait(math.huge, flight - 2))
  end)

  it("ends with the lease", function()
    local slot = open()
    local _, flight = slot:acquire(nil, nil, 0.05)
    assert.is_true(slot:wait(math.huge, flight))
    assert.same({ "gone" }, { slot:result(flight) })
  end)
end)

describe("slot:note", function()
  it("reaches the next leader when this one never comes back", function()
    local slot = open()
    local _, lease = slot:acquire(nil, nil, 0.05)
    assert.is_true(slot:note(lease, "a step was taken"))
    assert.is_true(slot:wait(math.huge, lease))
    local turn, _, note = slot:acquire()
    assert.same({ "lead", "a step was taken" }, { turn, note })
  end)

  it("ends nothing and backs off nobody", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local _, lease = one:acquire()
    one:note(lease, "note")
    assert.same({ "wait", lease, true }, { two:acquire() })
    assert.same({ "pending" }, { two:result(lease) })
    assert.is_true(one:fail(lease, nil, 0))
    assert.equal("lead", (two:acquire()))
  end)

  it("is over with a token, or with another failure", function()
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

  it("is refused from one who leads no more", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:fail(lease, nil, 0)
    assert.same({ nil, "stale" }, { slot:note(lease, "note") })
    assert.error(function()
      slot:note(lease, ("x"):rep(5000))
    end)
  end)
end)
