-- entry_memory: the entry of a token has room for a large one, that of a note
-- for a short text.
local core = require "equinix.core"
local tokens = core.tokens
local slots = require "spec.support.slots"

local function publish(kind, record, header)
  local slot = tokens.open(slots.new_key(), kind)
  local _, lease = slot:acquire()
  local ends = core.now() + 1000
  return pcall(slot.publish, slot, lease, record, header,
    { fresh = ends, advisory = ends, expires = ends })
end

describe("an entry", function()
  for kind, most in pairs {
    token = { record = 48 * 1024, header = 16 * 1024 + 16 },
    note = { record = 512, header = 64 },
  } do
    it(("of kind %s takes so much and no more"):format(kind), function()
      assert.is_true(publish(kind, ("r"):rep(most.record),
        ("h"):rep(most.header)))
      assert.is_false(publish(kind, ("r"):rep(most.record + 1), "h"))
      assert.is_false(publish(kind, "r", ("h"):rep(most.header + 1)))
    end)
  end

  it("keeps a failure of 4 KiB, of either kind", function()
    for _, kind in ipairs { "token", "note" } do
      local slot = tokens.open(slots.new_key(), kind)
      local _, lease = slot:acquire()
      slot:fail(lease, ("f"):rep(4096), 60)
      local _, _, failure = slot:acquire()
      assert.equal(("f"):rep(4096), failure)
    end
  end)
end)
