-- lease_forked: worker 1 takes a lease and forks; the child survives it.
-- Worker 2 checks that neither the child nor what it does keeps or ends the
-- lease. arguments: the folder luacheck: read globals host worker workers
local store = assert(require "equinix.store.file" { dir = ... })

-- Tallies: what has been reached.
local CHILD_DONE, OVER = 1, 2

-- With a limit: if one worker fails, the others have to end, too.
local function await(i)
  local limit = os.time() + 30
  while host.tally(i) == 0 do
    assert(os.time() < limit, "the other one never came")
    host.nap()
  end
end

if worker == 1 then
  local lease = assert(store:lock("k", 3600))
  assert(store:save("k", "parent's", 60, lease))
  if host.fork() then
    local ok, reason = store:save("k", "child's", 60, lease)
    assert(ok == nil and reason == "stale", reason)
    assert(store:unlock(lease) == true)
    ok, reason = store:lock("k", 60)
    assert(ok == nil and reason == "busy", reason)
    host.tally(CHILD_DONE, 1)
    await(OVER)
    return
  end
  await(CHILD_DONE)
  -- What the child released still belongs to the parent.
  assert(store:save("k", "parent's again", 60, lease))
  host.barrier()
  await(OVER) -- is killed here
  error "the killed holder came back"
end

host.barrier()
local lease, reason = store:lock("k", 60)
assert(lease == nil and reason == "busy", reason)
host.kill(1, 9)
-- The death takes a moment, and only the lock shows it.
local limit = os.time() + 60
repeat
  lease, reason = store:lock("k", 60)
  assert(lease or reason == "busy", reason)
  assert(lease or os.time() < limit, "a child keeps its parent's lease")
  host.nap()
until lease
assert(store:load "k" == "parent's again")
assert(store:save("k", "new", 60, lease))
host.tally(OVER, 1)
