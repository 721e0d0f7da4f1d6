-- entry: the states of a token, and what an entry counts.
local core = require "equinix.core"
local slots = require "spec.support.slots"

local tokens = core.tokens
local eventually = slots.eventually
local fill = slots.fill
local new_key = slots.new_key
local open = slots.open
local times = slots.times
local FRESH = slots.FRESH
local ADVISORY = slots.ADVISORY
local MANDATORY = slots.MANDATORY
local EXPIRED = slots.EXPIRED

describe("a published token", function()
  it("has the right results in each state", function()
    local slot = open()
    for state, life in pairs {
      fresh = FRESH,
      advisory = ADVISORY,
      mandatory = MANDATORY,
    } do
      local serial = fill(slot, "Bearer x", life, "record x")
      local is, number, header, record, left = slot:read()
      assert.same(
        { state, serial, "Bearer x", "record x" },
        { is, number, header, record }
      )
      assert.is_true(left > 290 and left <= 300)
      if state == "fresh" then
        assert.equal("Bearer x", slot:peek())
      else
        assert.same({ nil, state }, { slot:peek() })
      end
    end
  end)

  it("is never returned once expired, but its record is", function()
    local slot = open()
    local serial = fill(slot, "Bearer x", EXPIRED, "refresh me")
    assert.same({ nil, "expired" }, { slot:peek() })
    assert.same(
      { "expired", serial, nil, "refresh me", 0 },
      { slot:read() }
    )
  end)

  it("stops being fresh by itself, also in the copy", function()
    local slot = open()
    fill(slot, "Bearer x", { 0.3, 0.6, 0.9 })
    assert.equal("Bearer x", slot:peek())
    for _, state in ipairs { "advisory", "mandatory", "expired" } do
      assert.is_true(eventually(function()
        local header, is = slot:peek()
        return header == nil and is == state
      end))
    end
  end)

  it("may live for ever", function()
    local slot = open()
    fill(slot, "Bearer x", { math.huge, math.huge, math.huge })
    assert.equal("Bearer x", slot:peek())
    assert.equal(math.huge, (select(5, slot:read())))
  end)

  it("expires even if its other times are later", function()
    local slot = open()
    fill(slot, "Bearer x", { 300, 200, -1 })
    assert.same({ nil, "expired" }, { slot:peek() })
  end)

  it("may be any bytes, up to the limits", function()
    local slot = open()
    local header = ("\0\255"):rep(8 * 1024 + 8)
    local record = ("\0\n"):rep(24 * 1024)
    fill(slot, header, FRESH, record)
    assert.equal(header, slot:peek())
    assert.equal(record, (select(4, slot:read())))
    local _, lease = slot:acquire(nil, true)
    assert.error_matches(function()
      slot:publish(lease, "", header .. "x", times(1, 2, 3))
    end, "too long")
    assert.error_matches(function()
      slot:publish(lease, record .. "x", "x", times(1, 2, 3))
    end, "too long")
    assert.error_matches(function()
      slot:fail(lease, ("x"):rep(4097), 0)
    end, "too long")
    assert.is_true(slot:fail(lease, ("x"):rep(4096), 0))
  end)

  it("leaves nothing of a longer one before it", function()
    local slot = open()
    fill(slot, ("A"):rep(1000), FRESH, ("R"):rep(1000))
    fill(slot, "b", FRESH, "")
    assert.equal("b", slot:peek())
    local _, _, header, record = slot:read()
    assert.same({ "b", "" }, { header, record })
  end)

  it("needs a header, a lease and all its times", function()
    local slot = open()
    local _, lease = slot:acquire()
    local t = times(1, 2, 3)
    assert.error(function()
      slot:publish(lease, "record", "", t)
    end)
    assert.error(function()
      slot:publish(nil, "record", "header", t)
    end)
    assert.error(function()
      slot:publish(lease, "record", "header")
    end)
    for field in pairs(t) do
      local less = times(1, 2, 3)
      less[field] = nil
      assert.error_matches(function()
        slot:publish(lease, "record", "header", less)
      end, field)
      less[field] = 0 / 0
      assert.error_matches(function()
        slot:publish(lease, "record", "header", less)
      end, "number")
    end
    assert.equal(lease, slot:publish(lease, "record", "header", t))
  end)
end)

describe("slot:reject", function()
  it("stops a token everywhere, and returns true once", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local serial = fill(one, "Bearer x", FRESH, "refresh me")
    assert.equal("Bearer x", two:peek())
    assert.is_true(one:reject(serial))
    assert.same({ nil, "rejected" }, { two:peek() })
    local state, number, header, record = two:read()
    assert.same(
      { "rejected", serial, nil, "refresh me" },
      { state, number, header, record }
    )
    assert.is_false(two:reject(serial))
    local result, _, _, rejected = two:acquire(serial)
    assert.same({ "lead", true }, { result, rejected })
  end)

  it("does not affect the next token", function()
    local slot = open()
    local first = fill(slot, "Bearer 1")
    local second = fill(slot, "Bearer 2")
    assert.is_false(slot:reject(first))
    assert.is_false(slot:reject(0))
    assert.equal("Bearer 2", slot:peek())
    assert.is_true(slot:reject(second))
    fill(slot, "Bearer 3")
    assert.equal("Bearer 3", slot:peek())
    assert.is_false((select(4, slot:acquire(nil, true))))
  end)
end)

describe("slot:forget", function()
  it("leaves neither token nor record", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    fill(one, "Bearer x")
    assert.equal("Bearer x", two:peek())
    one:forget()
    assert.same({ nil, "empty" }, { two:peek() })
    assert.same({ "empty", 0, nil, nil, 0 }, { two:read() })
  end)

  it("makes a renewal under way void", function()
    local slot = open()
    local _, lease = slot:acquire()
    slot:forget()
    assert.same(
      { nil, "stale" },
      { slot:publish(lease, "record", "Bearer x", times(1, 2, 3)) }
    )
    assert.equal("empty", (slot:read()))
    assert.equal("lead", (slot:acquire()))
  end)
end)

describe("slot:rate_limit", function()
  it("allows n in the window and returns how long to wait", function()
    local slot = open()
    for _ = 1, 5 do
      assert.same({ true }, { slot:rate_limit(5, 60) })
    end
    local allowed, wait = slot:rate_limit(5, 60)
    assert.is_false(allowed)
    assert.is_true(wait > 50 and wait <= 60)
    for _ = 1, 3 do -- asking is none
      assert.is_true((slot:rate_limit(6, 60, true)))
      assert.is_false((slot:rate_limit(5, 60, true)))
    end
    assert.is_true((slot:rate_limit(6, 60)))
    assert.is_true((slot:rate_limit(1, 0)))
  end)

  it("slides", function()
    local slot = open()
    assert.is_true((slot:rate_limit(1, 0.05)))
    assert.is_false((slot:rate_limit(1, 0.05)))
    assert.is_true(eventually(function()
      return (slot:rate_limit(1, 0.05))
    end))
    assert.is_false((slot:rate_limit(1, 60)))
    assert.same({ false, math.huge }, { slot:rate_limit(1, math.huge) })
  end)

  it("allows all 8 of the window, and no more", function()
    local slot = open()
    for round = 1, 2 do
      for _ = 1, 8 do
        assert.equal(round == 1, (slot:rate_limit(8, math.huge)))
      end
    end
    for _, n in ipairs { 0, 9, -1 } do
      assert.error_matches(function()
        slot:rate_limit(n, 60)
      end, "1 to 8")
    end
  end)
end)

describe("slot:count", function()
  it("adds up, for all slots of the key", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    assert.same({ 0, 0, 0, 0, 0, 0, 0, 0 }, one:counters())
    one:count(1)
    two:count(1, 41)
    one:count(8, 2 ^ 40)
    one:count(2, 0)
    assert.same({ 42, 0, 0, 0, 0, 0, 0, 2 ^ 40 }, two:counters())
    one:forget()
    assert.equal(42, one:counters()[1])
  end)

  it("refuses negative numbers and other counters", function()
    local slot = open()
    for _, i in ipairs { 0, 9 } do
      assert.error_matches(function()
        slot:count(i)
      end, "1 to 8")
    end
    assert.error_matches(function()
      slot:count(1, -1)
    end, "never goes back")
  end)

  it("does not affect the copies", function()
    local slot = open()
    fill(slot, "Bearer x")
    local hit = slot:bind()
    for _ = 1, 10 do
      slot:count(1)
      slot:rate_limit(8, 60)
      assert.equal("Bearer x", hit())
    end
  end)
end)
