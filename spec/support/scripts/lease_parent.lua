-- Runs in the parent, before the fork: takes what the workers must not have.
local core = require "equinix.core"
local M = {}

-- The folder is not known yet: where the parent has one of its own.
M.dir = os.tmpname()
assert(os.remove(M.dir))
M.lease = assert(core.folder(M.dir):lock("k", 3600))
return M
