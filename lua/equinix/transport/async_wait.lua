--- async_wait: how a task of a host waits for something.
--
-- Law of this file: only a condition ends a wait, or its time: a host may wake
-- a task too often, and a task that waits may have been woken for something
-- else. What is called meanwhile runs in that task, and may wait itself.

local core = require "equinix.core"

local M = {}

--- Parks the task until `over` says so, or the time has passed.
---@param host equinix.Host
---@param task any
---@param seconds number
---@param over fun(): boolean
---@return boolean whether it was over in time
function M.await(host, task, seconds, over)
  local deadline, left = core.now() + seconds, seconds
  while not over() do
    if left <= 0 then
      return false
    end
    host.park(task, left)
    left = deadline - core.now()
  end
  return true
end

--- The same; meanwhile a function is called now and then.
---@param host equinix.Host
---@param task any
---@param seconds number
---@param over fun(): boolean
---@param meanwhile? equinix.transport.meanwhile
---@return boolean whether it was over in time
function M.await_meanwhile(host, task, seconds, over, meanwhile)
  if not meanwhile then
    return M.await(host, task, seconds, over)
  end
  local deadline, left = core.now() + seconds, seconds
  while not M.await(host, task, math.min(left, meanwhile.every), over) do
    if core.now() >= deadline then
      return false
    end
    meanwhile.call()
    left = math.max(0, deadline - core.now())
  end
  return true
end

return M
