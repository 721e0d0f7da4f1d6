--- template: texts with places for values.
--
-- Law of this file: `%(name)s` is replaced by the value of that name; nothing
-- in a value is read as a pattern or as another place.

local M = {}

--- The text with its values.
---@param template string "listen %(address)s;"
---@param values table<string, string|number>
---@return string
function M.fill(template, values)
  return (template:gsub("%%%(([A-Za-z0-9_]+)%)s", values))
end

return M
