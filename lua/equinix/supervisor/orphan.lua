--- orphan: a worker of nginx whose master is gone ends itself.
--
-- A master that is killed with SIGKILL (by the kernel when memory runs out,
-- for example) can't stop its workers, and nginx's workers don't check for
-- their master: they would keep the port for ever. Runs in a worker of nginx.

local ffi = require "ffi"
local process = require "ngx.process"

ffi.cdef "int getppid(void);"

local M = {}

local INTERVAL = 1 -- seconds

--- Starts to check for the master (init_worker_by_lua).
function M.watch()
  -- getppid() alone would not do: the master may be gone already, and then
  -- that is another process.
  local master = process.get_master_pid() or ffi.C.getppid()
  local function check(premature)
    if not premature and ffi.C.getppid() ~= master then
      process.signal_graceful_exit()
    end
  end
  assert(ngx.timer.every(INTERVAL, check))
end

return M
