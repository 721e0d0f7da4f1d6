--- memory: Lua's own error where memory runs out.
--
-- Law of this file: it is raised as it came, or becomes an error of the kind
-- "memory"; it is never taken for data, nor for a failure of what ran just
-- then. It is known by its words, which Lua's libraries put others around
-- ("error loading module ...: not enough memory"). The same for C code:
-- src/base/memory.h.

local errors = require("equinix.base.lazy") "equinix.base.error"

local M = {}

--- Whether something that was raised is one.
---@param value any
---@return boolean
function M.is(value)
  return type(value) == "string"
    and value:find("not enough memory", 1, true) ~= nil
end

local function pass(ok, ...)
  if not ok and M.is((...)) then
    error((...), 0)
  end
  return ok, ...
end

--- `pcall` for a function whose mistakes are its own: where memory runs out
--- this raises.
---@param f function
---@return boolean ok
---@return any ...
function M.pcall(f, ...)
  return pass(pcall(f, ...))
end

--- The error of a call that returns errors.
---@return equinix.Error
function M.error()
  return errors.make("memory", "out of memory", { code = "ENOMEM" })
end

return M
