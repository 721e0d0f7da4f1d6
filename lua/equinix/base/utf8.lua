--- utf8: where a character beyond ASCII ends.
--
-- Law of this file: only what RFC 3629, section 4 allows is a character: no
-- longer spelling of a shorter one, no surrogate, nothing above U+10FFFF.

local M = {}

local TAIL = "[\128-\191]"

--- What has to follow the first byte of a character, as a pattern that ends
--- with the position behind it; nil where none begins with that byte.
---@type table<integer, string>
M.FOLLOWS = {}

local function follows(from, to, pattern)
  for byte = from, to do
    M.FOLLOWS[byte] = "^" .. pattern .. "()"
  end
end
follows(0xC2, 0xDF, TAIL)
follows(0xE1, 0xEF, TAIL .. TAIL)
follows(0xE0, 0xE0, "[\160-\191]" .. TAIL)
follows(0xED, 0xED, "[\128-\159]" .. TAIL) -- beyond are surrogates
follows(0xF1, 0xF3, TAIL .. TAIL .. TAIL)
follows(0xF0, 0xF0, "[\144-\191]" .. TAIL .. TAIL)
follows(0xF4, 0xF4, "[\128-\143]" .. TAIL .. TAIL)

--- The position behind the character that begins at `at` with a byte beyond
--- ASCII; nil where that is no UTF-8.
---@param text string
---@param at integer
---@return integer|nil
function M.after(text, at)
  local pattern = M.FOLLOWS[text:byte(at)]
  return pattern and text:match(pattern, at + 1)
end

return M
