-- cpu: what processes have cost so far.

local process = require "spec.support.process"

local M = {}

--- CPU seconds of processes, their threads included. (/proc/PID/stat counts
--- in hundredths, which is too coarse.)
---@param pids integer[]
---@return number seconds
function M.seconds(pids)
  local nanoseconds = 0
  for _, pid in ipairs(pids) do
    local text = process.capture(("cat /proc/%d/task/*/schedstat"):format(pid))
    for spent in ("\n" .. text):gmatch "\n(%d+)" do
      nanoseconds = nanoseconds + spent
    end
  end
  return nanoseconds / 1e9
end

return M
