-- Forked workers find a lease of the parent's: it is none of theirs, and it
-- stays the parent's whatever they do with their copy.
-- luacheck: read globals host worker workers
local parent = require "spec.support.scripts.lease_parent"
local core = require "equinix.core"
local folder = core.folder(parent.dir)

local function assert_busy()
  local lease, reason = folder:lock("k", 60)
  assert(lease == nil and reason == "busy", reason)
end

assert_busy()
-- A file of ours may have the number that the parent's had.
local own = assert(folder:lock("own" .. worker, 60))
local ok, reason = folder:save("k", "r", 2e9, parent.lease)
assert(ok == nil and reason == "stale", reason)
host.barrier()
parent.lease:close()
host.barrier()
assert_busy()
assert(folder:save("own" .. worker, "r", 2e9, own))
host.barrier()
if worker == 1 then
  os.execute("rm -r '" .. parent.dir .. "'")
end
