-- own_tables: a process that did not inherit a table has its own.
-- luacheck: read globals host worker
local core = require "equinix.core"
local slot = core.tokens.open "own"
host.barrier()
local turn, lease = slot:acquire()
assert(turn == "lead", turn)
local t = core.now() + 1000
slot:publish(lease, "r", "Bearer " .. worker,
  { fresh = t, advisory = t, expires = t })
host.barrier()
assert(slot:peek() == "Bearer " .. worker)
