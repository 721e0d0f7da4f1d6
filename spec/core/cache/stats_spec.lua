-- stats: what is counted for an entry, and for the whole table. That workers
-- count together, and how full tables count, is in shared_table_spec and
-- placement_spec.
local core = require "equinix.core"
local tokens = core.tokens
local slots = require "spec.support.slots"

describe("tokens.info", function()
  it("has 256 entries, and says what is known", function()
    local info = tokens.info()
    assert.equal(256, info.slots)
    assert.is_boolean(info.shared)
    assert.is_true(info.used <= 256)
    for _, name in ipairs { "evicted", "private" } do
      assert.equal("number", type(info[name]))
    end
    assert.is_nil(info.mistake)
  end)

  it("counts tokens, and no notes", function()
    local before = tokens.info().used
    local note = tokens.open(slots.new_key(), "note")
    note:acquire()
    assert.equal(before, tokens.info().used)
  end)
end)

describe("the counters of an entry", function()
  it("are its own, also where a note has the same key", function()
    local key = slots.new_key()
    local token, note = tokens.open(key), tokens.open(key, "note")
    token:count(1, 3)
    note:count(1)
    assert.equal(3, token:counters()[1])
    assert.equal(1, note:counters()[1])
  end)
end)

describe("what comes next for an entry", function()
  it("is nothing where there is none", function()
    local slot = tokens.open(slots.new_key())
    local fresh, backoff, failure, renewing = slot:outlook()
    assert.same({ 0, 0, false }, { fresh, backoff, renewing })
    assert.is_nil(failure)
  end)

  it("is how long its token is fresh, and whether it is renewed", function()
    local slot = tokens.open(slots.new_key())
    local _, lease = slot:acquire()
    assert.is_true(select(4, slot:outlook()))
    local now = core.now()
    slot:publish(lease, "record", "header", { fresh = now + 100,
      advisory = now + 200, expires = now + 300 })
    local fresh, backoff, failure, renewing = slot:outlook()
    assert.is_true(fresh > 60 and fresh <= 100)
    assert.equal(0, backoff)
    assert.is_nil(failure)
    assert.is_false(renewing)
    slot:reject((select(2, slot:read())))
    assert.equal(0, (slot:outlook()))
  end)

  it("is for how long a failure holds back, and which", function()
    local slot = tokens.open(slots.new_key())
    local _, lease = slot:acquire()
    slot:fail(lease, "why", 100)
    local fresh, backoff, failure = slot:outlook()
    assert.equal(0, fresh)
    assert.is_true(backoff > 60 and backoff <= 100)
    assert.equal("why", failure)
    _, lease = slot:acquire(nil, true)
    slot:release(lease, "note", true)
    assert.equal(math.huge, (select(2, slot:outlook())))
  end)
end)
