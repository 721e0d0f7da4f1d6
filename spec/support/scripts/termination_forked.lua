-- termination_forked: a forked child gets a TERM after its parent called
-- core.on_term.
--
-- Law of this file: host.c runs it as one forked worker that forks again. It
-- raises if the child survives, or if the parent takes the signal for its own.
-- luacheck: globals host
local core = require "equinix.core"

local LIVED_ON, CHILD = 1, 2 -- tallies

assert(core.on_term(10))
if host.fork() then
  host.tally(CHILD, core.pid())
  os.execute("kill -TERM " .. core.pid())
  host.tally(LIVED_ON, 1)
  return
end

-- A zombie counts as ended; it is not reaped here.
local function is_alive(pid)
  local ok = os.execute(("ps -o stat= -p %d | grep -q '^[^Z]'"):format(pid))
  return ok == true or ok == 0
end

local give_up = core.now() + 60
while host.tally(CHILD) == 0 or is_alive(host.tally(CHILD)) do
  assert(core.now() < give_up, "the child does not end")
  host.nap()
end
assert(host.tally(LIVED_ON) == 0, "the child lived on")
assert(not core.termination_requested(), "the child's signal came here")
-- Nor does it end a wait for input, of which there is none.
local start = core.now()
core.engine():wait(0.1, true)
assert(core.now() - start >= 0.1, "the child's word was heard")
