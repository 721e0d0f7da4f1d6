--- exit_code: the exit code and the message for an error.
--
-- Law of this file: an exit code says whose problem it is, so that a script
-- can act on it: the command line and settings (2), the credentials (3), the
-- network (4), or anything else (1).

local memory = require("equinix.base.lazy") "equinix.base.memory"

local M = {}

M.OK, M.FAILURE, M.USAGE, M.AUTH, M.NETWORK = 0, 1, 2, 3, 4

local BY_KIND = {
  config = M.USAGE,
  auth = M.AUTH,
  network = M.NETWORK,
  timeout = M.NETWORK,
  tls = M.NETWORK,
}

local Mistake = {}

--- A mistake in the command line that is found when the command runs; what
--- the command returns instead of an error of the client.
---@param message string it names the option
---@return table
function M.mistake(message)
  return setmetatable({ message = message }, Mistake)
end

--- Whether a value was made by `mistake`.
---@param value any
---@return boolean
function M.is_mistake(value)
  return getmetatable(value) == Mistake
end

--- The exit code for an error of the client.
---@param err equinix.Error
---@return integer
function M.of(err)
  return BY_KIND[err.kind] or M.FAILURE
end

--- The exit code and the message for a value that was raised. The library
--- raises a message of its own for wrong arguments, Lua one after SIGINT;
--- anything else is a bug.
---@param value any
---@return integer
---@return string
function M.of_raised(value)
  local message = tostring(value):match "^.-:%d+: equinix: (.*)$"
  if message then
    return M.USAGE, message
  elseif tostring(value):find "interrupted!$" then
    return M.FAILURE, "interrupted"
  elseif memory.is(value) then
    return M.FAILURE, "out of memory"
  end
  return M.FAILURE, "internal error, please report it: " .. tostring(value)
end

return M
