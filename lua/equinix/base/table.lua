--- table: tables as values.
--
-- Law of this file: copies are shallow; tables inside them are shared.

local M = {}

--- A new table with the members of another one.
---@param source table|nil
---@return table
function M.copy(source)
  return M.update({}, source)
end

--- Sets the members of `source` in `target`.
---@param target table
---@param source table|nil
---@return table target
function M.update(target, source)
  for key, value in pairs(source or {}) do
    target[key] = value
  end
  return target
end

return M
