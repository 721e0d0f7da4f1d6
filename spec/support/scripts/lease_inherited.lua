-- lease_inherited: forked workers have a copy of the parent's lease. It is not
-- theirs, and stays the parent's whatever they do with the copy.
-- luacheck: read globals host worker workers
local parent = require "spec.support.scripts.lease_parent"
local core = require "equinix.core"
local folder = core.folder(parent.dir)

local function assert_busy()
  local lease, reason = folder:lock("k", 60)
  assert(lease == nil and reason == "busy", reason)
end

assert_busy()
-- A file here may get the descriptor that the parent's file has.
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
