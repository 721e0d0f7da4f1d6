--- orphan: a worker of nginx that lost its master ends itself.
--
-- A master that is killed with SIGKILL (by the kernel, short of memory) can't
-- stop its workers, and nginx's workers don't look for it: they would keep
-- the port for ever. Runs in a worker of nginx.

local ffi = require "ffi"
local process = require "ngx.process"

ffi.cdef "int getppid(void);"

local M = {}

local EVERY = 1 -- seconds

--- Begins to look for the master (init_worker_by_lua).
function M.watch()
  -- Not who the parent is now: that may be another one before we look.
  local master = process.get_master_pid() or ffi.C.getppid()
  local function look(premature)
    if not premature and ffi.C.getppid() ~= master then
      process.signal_graceful_exit()
    end
  end
  assert(ngx.timer.every(EVERY, look))
end

return M
