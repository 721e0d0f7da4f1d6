-- Forked workers go on with the parent's state, table and slot.
-- inherited_parent.lua made it and leads a flight.
-- luacheck: read globals host worker workers
local parent = require "spec.support.scripts.inherited_parent"
local core = require "equinix.core"
assert(core.tokens.info().shared)

-- A copy of the parent's slot that goes must not give back its lease.
host.barrier()
if worker == 1 then
  parent.slot:close()
end
host.barrier()
if worker ~= 1 then
  local turn, flight, own = parent.slot:acquire()
  assert(turn == "wait" and flight == parent.flight and not own)
  assert(parent.slot:result(flight) == "pending")
end

-- What the parent leads at a place of its own never lands in the copy of it.
assert(parent.alone:wait(0), "waits for a flight of the parent's")
assert(parent.alone:acquire() == "lead")

-- One table for all, also for keys that came up after the fork.
local slot = core.tokens.open "inherited"
host.barrier()
if worker == 1 then
  local _, lease = slot:acquire()
  local t = core.now() + 1000
  slot:publish(lease, "r", "Bearer x",
    { fresh = t, advisory = t, expires = t })
end
host.barrier()
assert(slot:peek() == "Bearer x")
host.barrier()
if worker == workers then
  slot:forget()
end
host.barrier()
assert(select(2, slot:peek()) == "empty")
