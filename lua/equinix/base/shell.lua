--- shell: words for a POSIX shell.
--
-- Law of this file: a quoted word reaches the program byte for byte.

local M = {}

--- A word as one argument, whatever is in it.
---@param word any
---@return string
function M.quote(word)
  return "'" .. tostring(word):gsub("'", [['\'']]) .. "'"
end

return M
