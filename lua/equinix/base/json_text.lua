--- json_text: JSON taken apart and put together as text.
--
-- Law of this file: a value is represented by its own text, so what is passed
-- on (an id, a body) goes out as it came in: 1 does not become 1.0, {} does
-- not become [], and 9007199254740993 keeps all its digits. Only text that
-- every parser reads the same way is accepted: RFC 8259 to the letter, UTF-8,
-- no duplicate names in an object (RFC 7493, section 2.3), no unpaired
-- surrogates, 64 levels at most, 4096 names in an object at most. Only `read`
-- takes text from outside; the other readers take what `read` returned. What
-- is written is valid JSON if its parts are: members in the order of their
-- names, no spaces.
--
-- RATIONALE: lua-cjson 2.1.0 reads [] as {}, 01 as 1, 0x10 as 16, accepts
-- bytes that are not UTF-8, and of two members of one name keeps the last.

local json = require "equinix.base.json"
local before = require("equinix.base.text").before
local utf8 = require "equinix.base.utf8"

local M = {}

local MAX_DEPTH = 64

-- LuaJIT hashes only some bytes of a string, so names can be made that all
-- collide: their cost grows with the square of their number.
local MAX_NAMES = 4096

local FOLLOWS = utf8.FOLLOWS

-- Checking -------------------------------------------------------------------
-- Each after_... function checks what begins at `at` and returns the position
-- after it.

local function invalid(what, at)
  error({ invalid = ("%s at byte %d"):format(what, at) }, 0)
end

local function after_space(text, at)
  return text:match("^[ \t\r\n]*()", at)
end

-- The backslash is at `at`.
local function after_escape(text, at)
  local plain = text:match('^\\["\\/bfnrt]()', at)
  if plain then
    return plain
  end
  local hex, next_at = text:match("^\\u(%x%x%x%x)()", at)
  local unit = hex and tonumber(hex, 16)
  if not unit then
    invalid("unknown escape", at)
  elseif unit < 0xD800 or unit > 0xDFFF then
    return next_at
  end
  local low = unit < 0xDC00
    and text:match("^\\u[dD][c-fC-F]%x%x()", next_at)
  return low or invalid("unpaired surrogate", at)
end

-- The opening quote is at `at`.
local function after_string(text, at)
  local start = at
  at = at + 1
  while true do
    at = text:find('[%z\1-\31"\\\128-\255]', at)
      or invalid("unterminated string", start)
    local byte = text:byte(at)
    if byte == 34 then -- the quote
      return at + 1
    elseif byte == 92 then -- a backslash
      at = after_escape(text, at)
    elseif byte < 32 then
      invalid("control character in a string", at)
    else
      at = FOLLOWS[byte] and text:match(FOLLOWS[byte], at + 1)
        or invalid("invalid UTF-8", at)
    end
  end
end

local function after_number(text, at)
  local digits, next_at = text:match("^%-?(%d+)()", at)
  if not digits or (#digits > 1 and digits:sub(1, 1) == "0") then
    invalid("invalid value", at)
  end
  next_at = text:match("^%.%d+()", next_at) or next_at
  return text:match("^[eE][+-]?%d+()", next_at) or next_at
end

local KIND = {
  ["{"] = "object", ["["] = "array", ['"'] = "string", t = "boolean",
  f = "boolean", n = "null",
}

--- What kind of value a JSON text is.
---@param text string as this module returned it
---@return "object"|"array"|"string"|"boolean"|"null"|"number"
function M.kind(text)
  return KIND[text:sub(1, 1)] or "number"
end

local after_value

-- The name that a quoted text stands for: one name may be spelled in several
-- ways.
local function name_in(quoted)
  if quoted:find("\\", 1, true) then
    return json.decode(quoted)
  end
  return quoted:sub(2, -2)
end

local function after_member(text, at, depth, seen)
  if text:byte(at) ~= 34 then
    invalid("expected a name", at)
  end
  local from = at
  at = after_string(text, at)
  local name = name_in(text:sub(from, at - 1))
  if seen[name] then
    invalid("duplicate name", from)
  end
  seen[name] = true
  seen[1] = (seen[1] or 0) + 1 -- the count; names are strings, so no clash
  if seen[1] > MAX_NAMES then
    invalid("more than " .. MAX_NAMES .. " names in an object", from)
  end
  at = text:match("^[ \t\r\n]*:[ \t\r\n]*()", at)
    or invalid("name without a value", from)
  return after_value(text, at, depth)
end

-- An object or an array.
local function after_container(text, at, depth)
  if depth > MAX_DEPTH then
    invalid("nesting deeper than " .. MAX_DEPTH .. " levels", at)
  end
  local object = text:byte(at) == 123
  local after_part, close = after_value, "^]()"
  if object then
    after_part, close = after_member, "^}()"
  end
  local seen = object and {}
  at = after_space(text, at + 1)
  local done = text:match(close, at)
  while not done do
    at = after_space(text, after_part(text, at, depth + 1, seen))
    done = text:match(close, at)
    if not done then
      at = text:match("^,[ \t\r\n]*()", at)
        or invalid("expected a comma or the end", at)
    end
  end
  return done
end

function after_value(text, at, depth)
  local kind = KIND[text:sub(at, at)]
  if kind == "object" or kind == "array" then
    return after_container(text, at, depth)
  elseif kind == "string" then
    return after_string(text, at)
  elseif kind then
    return text:match("^true()", at) or text:match("^false()", at)
      or text:match("^null()", at) or invalid("invalid value", at)
  end
  return after_number(text, at)
end

local function check(text)
  local from = after_space(text, 1)
  local at = after_value(text, from, 1)
  if after_space(text, at) <= #text then
    invalid("unexpected text after the value", at)
  end
  return text:sub(from, at - 1)
end

--- Checks a text, and removes the space around the value.
---@param text string
---@return string|nil value
---@return string|nil message what is wrong and where, without any of the data
function M.read(text)
  local ok, value = pcall(check, text)
  if ok then
    return value
  elseif type(value) == "table" and value.invalid then
    return nil, value.invalid
  end
  error(value, 0)
end

--- A text with U+FFFD in place of every byte that is not UTF-8.
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

-- Taking apart ---------------------------------------------------------------
-- A text that was read is valid, so only quotes and brackets count here, and
-- one level is split at a time.

-- After the string whose opening quote is at `at`.
local function past_string(text, at)
  while true do
    at = text:find('["\\]', at + 1)
    if text:byte(at) == 34 then
      return at + 1
    end
    at = at + 1
  end
end

-- After the object or the array that begins at `at`.
local function past_container(text, at)
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
    return past_container(text, at)
  end
  return text:match("^[^,%]} \t\r\n]+()", at)
end

local COMMA = "^[ \t\r\n]*,[ \t\r\n]*()"

--- The members of an object.
---@param text string an object, as this module returned it
---@param order? string[] gets their names, in the order of the text
---@return table<string, string> name -> text of the value
function M.members(text, order)
  local members, at = {}, text:match '^{[ \t\r\n]*()"'
  while at do
    local name_end = past_string(text, at)
    local from = text:match("^[ \t\r\n]*:[ \t\r\n]*()", name_end)
    local to = past_value(text, from)
    local name = name_in(text:sub(at, name_end - 1))
    members[name] = text:sub(from, to - 1)
    if order then
      order[#order + 1] = name
    end
    at = text:match(COMMA, to)
  end
  return members
end

--- The items of an array.
---@param text string an array, as this module returned it
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

--- The string that a JSON text stands for.
---@param text string|nil
---@return string|nil nil when there is no text, or it is not a string
function M.string(text)
  if text and M.kind(text) == "string" then
    return json.decode(text)
  end
end

-- Putting together -----------------------------------------------------------

--- A string, number or boolean as JSON.
---@param value string|number|boolean
---@return string
function M.value(value)
  return assert(json.encode(value))
end

--- An object made of texts.
---@param members table<string, string>
---@return string
function M.object(members)
  local names, parts = {}, {}
  for name in pairs(members) do
    names[#names + 1] = name
  end
  table.sort(names, before)
  for i, name in ipairs(names) do
    parts[i] = M.value(name) .. ":" .. members[name]
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- An array made of texts.
---@param items string[]
---@return string
function M.array(items)
  return "[" .. table.concat(items, ",") .. "]"
end

--- An array of strings.
---@param strings string[]
---@return string
function M.strings(strings)
  local items = {}
  for i, text in ipairs(strings) do
    items[i] = M.value(text)
  end
  return M.array(items)
end

--- The same value without space between its parts.
---@param text string as `read` returned it
---@return string
function M.compact(text)
  local parts, at = {}, 1
  while at do
    local quote = text:find('"', at, true)
    local between = text:sub(at, quote and quote - 1)
    parts[#parts + 1] = between:gsub("[ \t\r\n]+", "")
    at = quote and past_string(text, quote)
    parts[#parts + 1] = quote and text:sub(quote, at - 1)
  end
  return table.concat(parts)
end

--- The same value in one line: a string has no raw line end in it.
---@param text string as `read` returned it
---@return string
function M.one_line(text)
  return (text:gsub("[\r\n]+", " "))
end

return M
