--- trim: text without what is around it.
--
-- Law of this file: the work grows with the text and no faster. (A pattern
-- such as "^%s*(.-)%s*$" tries the end anew at every space: 20 kB of them cost
-- seconds.)

local M = {}

--- Without those bytes at the end.
---@param text string
---@param class string one item of a pattern, such as "/" or "[ \t]"
---@return string
function M.tail(text, class)
  local here, to = "^" .. class, #text
  while to > 0 and text:find(here, to) do
    to = to - 1
  end
  return text:sub(1, to)
end

--- Without those bytes at both ends.
---@param text string
---@param class string as in M.tail
---@return string
function M.both(text, class)
  local here, from = "^" .. class, 1
  while from <= #text and text:find(here, from) do
    from = from + 1
  end
  return M.tail(text:sub(from), class)
end

return M
