-- killed_leader: the last worker leads, with a lease without end, and is
-- killed. The others wait; one of them leads next, at once, and all get its
-- token. luacheck: read globals host worker workers
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
assert(slot:wait(60, first), "its death was not noticed")
-- still gone, before and after another caller leads
assert(slot:result(first) == "gone")

local result, renewal, own = slot:acquire()
if result == "lead" then
  host.tally(3, 1)
  assert(renewal ~= first)
  local t = core.now() + 1000
  assert(slot:publish(renewal, "record", "Bearer 2",
    { fresh = t, advisory = t, expires = t }))
elseif result == "wait" then
  assert(renewal ~= first and not own)
  assert(slot:wait(60, renewal))
end
assert(slot:publish(first, "r", "h",
  { fresh = 1, advisory = 1, expires = 1 }) == nil)

-- They did not ask for "ready": a late worker leads again, with this token.
local header = slot:peek()
assert(header == "Bearer 2", header)
