--- result: what a check of the doctor returns.

local M = {}

--- The check found nothing wrong.
---@param message string a format
---@return equinix.doctor.Result
function M.ok(message, ...)
  return { status = "ok", message = message:format(...) }
end

--- It can't be checked, or does not have to be.
---@param message string a format
---@return equinix.doctor.Result
function M.skipped(message, ...)
  return { status = "skipped", message = message:format(...) }
end

--- Something is wrong.
---@param code integer the exit code of the command
---@param message string
---@param remedy string|nil what to do, where the message doesn't say it
---@return equinix.doctor.Result
function M.failed(code, message, remedy)
  return { status = "FAILED", message = message, remedy = remedy,
    code = code }
end

return M
