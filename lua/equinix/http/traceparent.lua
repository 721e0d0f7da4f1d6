--- traceparent: the header that connects a request to its caller's trace.
--
-- Law of this file: what W3C Trace Context (section 3.2) calls invalid is not
-- passed on: the version ff, a trace or parent of zeros only, upper-case hex,
-- another length.

local M = {}

local HEX = "[%da-f]"
-- version, trace, parent, flags
local FORM = ("^(%s)%%-(%s)%%-(%s)%%-%s$"):format(HEX:rep(2), HEX:rep(32),
  HEX:rep(16), HEX:rep(2))
local NO_TRACE, NO_PARENT = ("0"):rep(32), ("0"):rep(16)

--- Whether a value may be passed on.
---@param value string|nil
---@return boolean
function M.is_valid(value)
  if not value then
    return false
  end
  local version, trace, parent = value:match(FORM)
  return version ~= nil and version ~= "ff" and trace ~= NO_TRACE
    and parent ~= NO_PARENT
end

return M
