-- lease_parent: runs in the parent, before the fork; takes the lease that the
-- workers must not have.
local core = require "equinix.core"
local M = {}

-- The path of a folder that does not exist yet.
M.dir = os.tmpname()
assert(os.remove(M.dir))
M.lease = assert(core.folder(M.dir):lock("k", 3600))
return M
