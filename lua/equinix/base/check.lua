--- check: mistakes in the program, raised where they were made.
--
-- Law of this file: levels are counted from the caller on, and nobody between
-- him and here may be a tail call, which would take its frame away.

local nearest = require("equinix.base.lazy") "equinix.base.suggest"

local M = {}

-- Every request of a batch comes by here: what is asked for each field is at
-- hand.
local next, type = next, type

--- Raises at the line that `level` stands for (1 = whoever calls this).
---@param level integer
---@param text string a format
function M.raise(level, text, ...)
  error("equinix: " .. text:format(...), level + 1)
end

--- Raises unless every member is known and of its type.
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
      local near = type(name) == "string" and nearest.name(name, known)
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

--- Whether a number is one that a limit may be.
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
