-- The last worker leads, with a lease without end, and is killed. The others
-- wait; one of them leads next, at once, and all get its token.
-- luacheck: read globals host worker workers
local core = require "equinix.core"
local slot = core.tokens.open "killed leader"
local KILL = 9

if worker == workers then
  local turn, lease = slot:acquire(nil, nil, math.huge)
  assert(turn == "lead")
  host.tally(2, lease)
  host.barrier()
  while host.tally(1) < workers - 1 do -- all wait
    host.nap()
  end
  host.kill(worker, KILL)
end

host.barrier()
local first = host.tally(2)
assert(slot:result(first) == "pending")
host.tally(1, 1)
assert(slot:wait(20, first), "its death was not seen")
-- seen once it is seen always, before and after another one leads
assert(slot:result(first) == "gone")

local turn, flight, own = slot:acquire()
if turn == "lead" then
  host.tally(3, 1)
  assert(flight ~= first)
  local t = core.now() + 1000
  assert(slot:publish(flight, "record", "Bearer 2",
    { fresh = t, advisory = t, expires = t }))
elseif turn == "wait" then
  assert(flight ~= first and not own)
  assert(slot:wait(20, flight))
end
assert(slot:publish(first, "r", "h",
  { fresh = 1, advisory = 1, expires = 1 }) == nil)

-- "ready" was not asked for: who came late leads once more, with this token
local header = slot:peek()
assert(header == "Bearer 2", header)
