-- slots: the slot of a key, as Redis counts it.
local redis = require "spec.support.redis"
local slots = require "equinix.store.redis.slots"

describe("the slot of a key", function()
  it("is that of CRC16 (XMODEM)", function()
    assert.equal(0x31C3, slots.crc16 "123456789")
    assert.equal(0, slots.crc16 "")
    assert.equal(12182, slots.of "foo")
    assert.equal(5061, slots.of "bar")
  end)

  it("is that of its tag, if it has one that is not empty", function()
    assert.equal(slots.of "user1000", slots.of "{user1000}.following")
    assert.equal(slots.of "user1000", slots.of "app:{user1000}:lock")
    assert.equal(slots.crc16 "foo{}{bar}" % 16384, slots.of "foo{}{bar}")
    assert.equal(slots.of "{bar", slots.of "foo{{bar}}zap")
    assert.equal(slots.of "bar", slots.of "foo{bar}{zap}")
    assert.equal(slots.crc16 "a{b" % 16384, slots.of "a{b")
    assert.equal(slots.crc16 "a}b" % 16384, slots.of "a}b")
  end)

  it("is what a Redis says", function()
    local missing = redis.missing()
    if missing then
      pending(missing)
      return
    end
    local server = redis.start { "--cluster-enabled", "yes" }
    finally(function()
      server:stop()
    end)
    for _, key in ipairs { "k", "equinix:{latch.7}", "equinix:{latch.15}:lock",
      "{}", "{}{a}", "a{b}c{d}", "\1\255", ("x"):rep(200) } do
      assert.equal(server:ask("CLUSTER", "KEYSLOT", key), slots.of(key))
    end
  end)
end)
