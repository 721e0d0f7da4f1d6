--- result: what a check of the doctor returns.

local M = {}

--- All is well.
---@param message string a format
---@return equinix.doctor.Result
function M.ok(message, ...)
  return { status = "ok", message = message:format(...) }
end

--- It can't be looked at, or needs not.
---@param message string a format
---@return equinix.doctor.Result
function M.skipped(message, ...)
  return { status = "skipped", message = message:format(...) }
end

--- It is broken.
---@param code integer what the command ends with
---@param message string
---@param remedy string|nil what to do, where the message doesn't say it
---@return equinix.doctor.Result
function M.failed(code, message, remedy)
  return { status = "FAILED", message = message, remedy = remedy,
    code = code }
end

return M
