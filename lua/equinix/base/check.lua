--- check: mistakes in the program, raised at the line that made them.
--
-- Law of this file: levels are counted from the caller on. No function between
-- that caller and here may be called as a tail call: that would remove its
-- frame from the stack.

local suggest = require("equinix.base.lazy") "equinix.base.suggest"

local M = {}

-- Every request of a batch is checked here, so what is called for each field
-- is a local.
local next, type = next, type

--- Raises at the line that `level` stands for (1 = the caller of this).
---@param level integer
---@param text string a format
function M.raise(level, text, ...)
  error("equinix: " .. text:format(...), level + 1)
end

--- Raises unless every member is known and has one of its types.
---@param opts table
---@param known table<string, string> name = types, or "any"
---@param what string what the members are called
---@param level integer
function M.names(opts, known, what, level)
  if type(opts) ~= "table" then
    M.raise(level + 1, "%ss must be a table, not %s", what, type(opts))
  end
  for name, value in next, opts do
    local types = known[name]
    if not types then
      local near = type(name) == "string" and suggest.name(name, known)
      M.raise(level + 1, "unknown %s '%s'%s", what, tostring(name),
        near and (", did you mean '%s'?"):format(near) or "")
    end
    if type(value) ~= types and types ~= "any"
      and not (" " .. types .. " "):find(" " .. type(value) .. " ", 1, true)
    then
      M.raise(level + 1, "%s '%s' must be a %s, not a %s", what, name,
        types:gsub(" ", " or a "), type(value))
    end
  end
end

--- Whether a number can be a limit: positive and finite.
function M.positive(value)
  return value and value > 0 and value < math.huge
end

local RETRY = { attempts = "number", base = "number", cap = "number" }

--- Raises unless a retry option is a boolean or a table of known members.
function M.retry(value, level)
  if type(value) == "table" then
    M.names(value, RETRY, "retry option", level + 1)
  end
end

return M
