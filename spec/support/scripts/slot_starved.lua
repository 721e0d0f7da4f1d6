-- slot_starved: a lease is taken while the memory runs out, at every point in
-- turn. Either its caller gets it, or it is free at once.
local tokens = require("equinix.core").tokens

local slot = tokens.open("slot starved", "note")
local _, lease = slot:acquire(nil, true, 30)
assert(slot:release(lease, ("a note "):rep(100)))

local n, ok, turn, got = -1
repeat
  n = n + 1
  ok, turn, got = host.starve(n, function() -- luacheck: globals host
    return slot:acquire(nil, true, 30)
  end)
  if not ok then
    assert(turn == "not enough memory", turn)
    turn, got = slot:acquire(nil, true, 30)
  end
  assert(turn == "lead", n .. ": " .. turn)
  assert(slot:release(got, ("another %d "):format(n):rep(90)))
until ok
assert(n > 0, "it never ran out of memory")
