--- characters: the bytes that an id, a secret or a password may have.
--
-- Law of this file: RFC 6749, appendix A decides, before anything is sent: a
-- byte that no editor shows would cost one of five attempts. A message names
-- that byte and its place, and nothing else of the value.

local utf8 = require("equinix.base.lazy") "equinix.base.utf8"

local M = {}

-- What often gets in unseen, by its bytes.
local NAMES = {
  { "\239\187\191", "a byte order mark" },
  { "\255\254", "a byte order mark of UTF-16" },
  { "\254\255", "a byte order mark of UTF-16" },
  { "\194\160", "a no-break space" },
  { "\226\128\139", "a zero-width space" },
  { "\226\129\160", "a word joiner" },
  { "\13", "a carriage return" },
  { "\10", "a line end" },
  { "\9", "a tab" },
  { "\0", "a NUL" },
}

local function name_at(value, at)
  for _, known in ipairs(NAMES) do
    if value:sub(at, at + #known[1] - 1) == known[1] then
      return ", " .. known[2]
    end
  end
  return ""
end

local function wrong(value, at, rule)
  return ("has the byte 0x%02X%s at position %d of %d, and %s"):format(
    value:byte(at), name_at(value, at), at, #value, rule)
end

--- What is wrong with an id or a secret (VSCHAR: 0x20 to 0x7E).
---@param value string
---@return string|nil "has the byte 0xEF, a byte order mark, at ..."
function M.visible(value)
  local at = value:find "[^\32-\126]"
  if at then
    return wrong(value, at, "only 0x20 to 0x7E are allowed there (RFC 6749, "
      .. "appendix A)")
  end
  return value == "" and "is empty" or nil
end

-- U+FFFE and U+FFFF are no characters.
local function is_character(text)
  return text ~= "\239\191\190" and text ~= "\239\191\191"
end

--- What is wrong with a user's name or password (UNICODECHARNOCRLF: a tab, and
--- all of Unicode that is no control character of ASCII).
---@param value string
---@return string|nil
function M.unicode(value)
  local at = value:find "[^\9\32-\126]"
  while at do
    local behind = utf8.after(value, at)
    if not behind or not is_character(value:sub(at, behind - 1)) then
      return wrong(value, at, "only a tab and UTF-8 without control "
        .. "characters are allowed there (RFC 6749, appendix A)")
    end
    at = value:find("[^\9\32-\126]", behind)
  end
  return value == "" and "is empty" or nil
end

return M
