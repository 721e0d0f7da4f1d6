-- inherited: forked workers go on with the state, table and slot of the
-- parent, inherited_parent.lua, which leads a renewal. luacheck: read globals
-- host worker workers
local parent = require "spec.support.scripts.inherited_parent"
local core = require "equinix.core"
assert(core.tokens.info().shared)

-- Closing a copy of the parent's slot must not end its lease.
host.barrier()
if worker == 1 then
  parent.slot:close()
end
host.barrier()
if worker ~= 1 then
  local result, renewal, own = parent.slot:acquire()
  assert(result == "wait" and renewal == parent.renewal and not own)
  assert(parent.slot:result(renewal) == "pending")
end

-- A renewal of the parent at a private entry never ends in the copy.
assert(parent.alone:wait(0), "waits for a renewal of the parent")
assert(parent.alone:acquire() == "lead")

-- One table for all, also for keys that are new after the fork.
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
