--- printable: text from outside, for a terminal or a log.
--
-- Law of this file: what is printed changes neither the terminal nor the line
-- nor the order in which it is read. Control characters (C0, DEL, C1), line
-- and paragraph separators, and those that turn the direction of the text are
-- written as escapes, and so are bytes that are not UTF-8. An error keeps the
-- text as it came (`err.errors`): it is escaped where it is printed.

local utf8 = require "equinix.base.utf8"

local M = {}

-- The characters beyond ASCII that are escaped, and their codes. Two bytes:
-- U+0080 to U+009F. Three: U+2028 to U+202E, U+2066 to U+2069.
local CODES = {}
for code = 0x80, 0x9F do
  CODES["\194" .. string.char(code)] = code
end
for code = 0x2028, 0x202E do
  CODES["\226\128" .. string.char(code - 0x2028 + 0xA8)] = code
end
for code = 0x2066, 0x2069 do
  CODES["\226\129" .. string.char(code - 0x2066 + 0xA6)] = code
end

local function escape(text, of_byte, of_code)
  local at = text:find "[^\32-\126]"
  if not at then
    return text
  end
  local parts, from = {}, 1
  while at do
    parts[#parts + 1] = text:sub(from, at - 1)
    local byte = text:byte(at)
    local behind = byte > 127 and utf8.after(text, at)
    local character = behind and text:sub(at, behind - 1)
    local code = CODES[character]
    parts[#parts + 1] = code and of_code:format(code) or character
      or of_byte:format(byte)
    from = behind or at + 1
    at = text:find("[^\32-\126]", from)
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

--- A text with escapes such as \x1b and \u{202e}.
---@param text string any bytes
---@return string
function M.text(text)
  return escape(text, "\\x%02x", "\\u{%x}")
end

--- JSON text on one line, with the same characters as JSON's own escapes; what
--- it stands for stays the same, except for bytes that are not UTF-8.
---@param text string that has no control characters of ASCII
---@return string
function M.json(text)
  return escape(text, "\\u%04x", "\\u%04x")
end

return M
