--- json_text: JSON text taken apart as text.
--
-- Law of this file: a value is the text that stands for it, so what is handed
-- on (an id, a body) goes out as it came in: 1 does not become 1.0, {} not []
-- and 9007199254740993 not something near it. And only what every parser
-- reads the same way is JSON here: RFC 8259 to the letter, UTF-8, no name
-- twice in an object (RFC 7493, 2.3), no half of a surrogate pair, no more
-- than 64 levels, nor than 4096 names in an object.
--
-- RATIONALE: lua-cjson 2.1.0 takes [] for {}, 01 for 1, 0x10 for 16, bytes
-- that are no UTF-8, and the last of two members with one name.

local json = require "equinix.base.json"

local M = {}

local MAX_DEPTH = 64

-- LuaJIT's hash of a string looks at some of its bytes only, so names can be
-- made that all fall together: what they cost grows with the square.
local MAX_NAMES = 4096

-- What may follow the first byte of a character beyond ASCII (RFC 3629, 4).
local TAIL = "[\128-\191]"
local FOLLOWS = {}
local function follows(from, to, pattern)
  for byte = from, to do
    FOLLOWS[byte] = "^" .. pattern .. "()"
  end
end
follows(0xC2, 0xDF, TAIL)
follows(0xE1, 0xEF, TAIL .. TAIL)
follows(0xE0, 0xE0, "[\160-\191]" .. TAIL)
follows(0xED, 0xED, "[\128-\159]" .. TAIL) -- beyond are surrogates
follows(0xF1, 0xF3, TAIL .. TAIL .. TAIL)
follows(0xF0, 0xF0, "[\144-\191]" .. TAIL .. TAIL)
follows(0xF4, 0xF4, "[\128-\143]" .. TAIL .. TAIL)

local function broken(what, at)
  error({ broken = ("%s at byte %d"):format(what, at) }, 0)
end

local function after_space(text, at)
  return text:match("^[ \t\r\n]*()", at)
end

-- Behind the backslash at `at`.
local function after_escape(text, at)
  local plain = text:match('^\\["\\/bfnrt]()', at)
  if plain then
    return plain
  end
  local hex, next_at = text:match("^\\u(%x%x%x%x)()", at)
  local unit = hex and tonumber(hex, 16)
  if not unit then
    broken("an unknown escape", at)
  elseif unit < 0xD800 or unit > 0xDFFF then
    return next_at
  end
  local low = unit < 0xDC00
    and text:match("^\\u[dD][c-fC-F]%x%x()", next_at)
  return low or broken("half of a surrogate pair", at)
end

-- Behind the string whose first quote is at `at`.
local function after_string(text, at)
  local start = at
  at = at + 1
  while true do
    at = text:find('[%z\1-\31"\\\128-\255]', at)
      or broken("a string without an end", start)
    local byte = text:byte(at)
    if byte == 34 then -- the quote
      return at + 1
    elseif byte == 92 then -- a backslash
      at = after_escape(text, at)
    elseif byte < 32 then
      broken("a control character", at)
    else
      at = FOLLOWS[byte] and text:match(FOLLOWS[byte], at + 1)
        or broken("something that is no UTF-8", at)
    end
  end
end

local function after_number(text, at)
  local digits, next_at = text:match("^%-?(%d+)()", at)
  if not digits or (#digits > 1 and digits:sub(1, 1) == "0") then
    broken("something that is no JSON", at)
  end
  next_at = text:match("^%.%d+()", next_at) or next_at
  return text:match("^[eE][+-]?%d+()", next_at) or next_at
end

local KIND = {
  ["{"] = "object", ["["] = "array", ['"'] = "string", t = "boolean",
  f = "boolean", n = "null",
}

--- What kind of value a text of JSON is.
---@param text string as this module gave it
---@return "object"|"array"|"string"|"boolean"|"null"|"number"
function M.kind(text)
  return KIND[text:sub(1, 1)] or "number"
end

local after_value

-- The name in a quoted text: two spellings of one name are one name.
local function name_in(quoted)
  if quoted:find("\\", 1, true) then
    return json.decode(quoted)
  end
  return quoted:sub(2, -2)
end

local function after_member(text, at, depth, seen)
  if text:byte(at) ~= 34 then
    broken("no name where a member should be", at)
  end
  local from = at
  at = after_string(text, at)
  local name = name_in(text:sub(from, at - 1))
  if seen[name] then
    broken("a name that its object has already", from)
  end
  seen[name] = true
  seen[1] = (seen[1] or 0) + 1 -- no name: those are strings
  if seen[1] > MAX_NAMES then
    broken("an object with more than " .. MAX_NAMES .. " names", from)
  end
  at = text:match("^[ \t\r\n]*:[ \t\r\n]*()", at)
    or broken("a name without a value", from)
  return after_value(text, at, depth)
end

-- Behind an object or an array.
local function after_many(text, at, depth)
  if depth > MAX_DEPTH then
    broken("nesting deeper than " .. MAX_DEPTH .. " levels", at)
  end
  local object = text:byte(at) == 123
  local one, close = after_value, "^]()"
  if object then
    one, close = after_member, "^}()"
  end
  local seen = object and {}
  at = after_space(text, at + 1)
  local done = text:match(close, at)
  while not done do
    at = after_space(text, one(text, at, depth + 1, seen))
    done = text:match(close, at)
    if not done then
      at = text:match("^,[ \t\r\n]*()", at)
        or broken("no comma and no end", at)
    end
  end
  return done
end

function after_value(text, at, depth)
  local kind = KIND[text:sub(at, at)]
  if kind == "object" or kind == "array" then
    return after_many(text, at, depth)
  elseif kind == "string" then
    return after_string(text, at)
  elseif kind then
    return text:match("^true()", at) or text:match("^false()", at)
      or text:match("^null()", at) or broken("something that is no JSON", at)
  end
  return after_number(text, at)
end

local function walk(text)
  local from = after_space(text, 1)
  local at = after_value(text, from, 1)
  if after_space(text, at) <= #text then
    broken("something behind the value", at)
  end
  return text:sub(from, at - 1)
end

--- Checks a text and cuts the space around it off.
---@param text string
---@return string|nil value
---@return string|nil message where it broke (a position, never the data)
function M.read(text)
  local ok, value = pcall(walk, text)
  if ok then
    return value
  elseif type(value) == "table" and value.broken then
    return nil, value.broken
  end
  error(value, 0)
end

--- A text with U+FFFD for every byte that is no UTF-8.
---@param text string any bytes
---@return string
function M.utf8(text)
  local parts, from, at = {}, 1, 1
  while true do
    at = text:find("[\128-\255]", at)
    if not at then
      parts[#parts + 1] = text:sub(from)
      return table.concat(parts, "\239\191\189")
    end
    local tail = FOLLOWS[text:byte(at)]
    local next_at = tail and text:match(tail, at + 1)
    if not next_at then
      parts[#parts + 1] = text:sub(from, at - 1)
      from = at + 1
    end
    at = next_at or from
  end
end

-- A text that was read is not checked again, and what is deeper in it than
-- was asked for is passed over: only quotes and brackets count.

-- Behind the string whose first quote is at `at`.
local function past_string(text, at)
  while true do
    at = text:find('["\\]', at + 1)
    if text:byte(at) == 34 then
      return at + 1
    end
    at = at + 1
  end
end

-- Behind the object or the array that begins at `at`.
local function past_many(text, at)
  local depth = 0
  repeat
    local byte = text:byte(at)
    if byte == 34 then
      at = past_string(text, at)
    else
      depth = depth + ((byte == 123 or byte == 91) and 1 or -1)
      at = at + 1
    end
    at = depth > 0 and text:find('["{}%[%]]', at) or at
  until depth == 0
  return at
end

local function past_value(text, at)
  local byte = text:byte(at)
  if byte == 34 then
    return past_string(text, at)
  elseif byte == 123 or byte == 91 then
    return past_many(text, at)
  end
  return text:match("^[^,%]} \t\r\n]+()", at)
end

local COMMA = "^[ \t\r\n]*,[ \t\r\n]*()"

--- The members of an object.
---@param text string an object, as this module gave it
---@return table<string, string> name -> text of the value
function M.members(text)
  local members, at = {}, text:match '^{[ \t\r\n]*()"'
  while at do
    local behind = past_string(text, at)
    local from = text:match("^[ \t\r\n]*:[ \t\r\n]*()", behind)
    local to = past_value(text, from)
    members[name_in(text:sub(at, behind - 1))] = text:sub(from, to - 1)
    at = text:match(COMMA, to)
  end
  return members
end

--- The items of an array.
---@param text string an array, as this module gave it
---@return string[] texts of the values
function M.items(text)
  local items, at = {}, text:match "^%[[ \t\r\n]*()[^%] \t\r\n]"
  while at do
    local to = past_value(text, at)
    items[#items + 1] = text:sub(at, to - 1)
    at = text:match(COMMA, to)
  end
  return items
end

--- The string that a text of JSON stands for.
---@param text string|nil
---@return string|nil nil when it is nothing, or no string
function M.string(text)
  if text and M.kind(text) == "string" then
    return json.decode(text)
  end
end

return M
