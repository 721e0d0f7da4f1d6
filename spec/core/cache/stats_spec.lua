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
