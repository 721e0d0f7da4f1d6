--- json: JSON text to Lua values and back, on lua-cjson.
--
-- Law of this file: a value survives the way there and back. A whole number
-- is a Lua integer where Lua has integers, an empty array differs from an
-- empty object, and a number that the library would truncate is refused. The
-- settings belong to a private instance: the program's own cjson is unchanged.

local cjson = require("cjson").new()

local core = require "equinix.core"
local tables = require "equinix.base.table"

local M = {}

-- Infinity and NaN are not JSON (RFC 8259, section 6).
cjson.encode_invalid_numbers(false)
cjson.decode_invalid_numbers(false)

-- Seventeen digits represent any double; lua-cjson 2.1.0 has fourteen at
-- most.
local digits = 14
for _, precision in ipairs { 17, 16 } do
  if digits == 14 and pcall(cjson.encode_number_precision, precision) then
    digits = precision
  end
end
local LARGEST = digits == 14 and 1e14 or math.huge

local MAX_DEPTH = 128

--- JSON's null: `value.field == json.null`.
M.null = cjson.null

-- Where the library has no empty array (Debian's 2.1.0), a table of our own
-- stands for it; in the text a random string marks its place.
local mark, mark_json -- made when first needed
local marks = cjson.empty_array == nil
if not marks then
  M.empty_array = cjson.empty_array
else
  M.empty_array = setmetatable({}, {
    __tostring = function()
      return "equinix.empty_array"
    end,
  })
end

local function get_mark()
  if not mark then
    mark = "\1" .. core.sha256(tostring(core.random())) .. "\1"
    mark_json = cjson.encode(mark):gsub("%p", "%%%0")
  end
  return mark
end

local whole -- set where this file has to turn numbers into integers

-- The library read a double. From 2^53 on it may differ from what was sent, so
-- it stays a float, which shows that it may not be exact.
if math.type and math.type(cjson.decode "1") == "float" then
  function whole(value)
    return value > -2 ^ 53 and value < 2 ^ 53 and math.tointeger(value)
  end
end

local function integers(value)
  if type(value) == "table" then
    for key, member in pairs(value) do
      if type(member) == "table" then
        integers(member)
      elseif type(member) == "number" then
        value[key] = whole(member) or member
      end
    end
  elseif type(value) == "number" then
    return whole(value) or value
  end
  return value
end

local prepare

local function prepare_table(value, depth)
  if depth > MAX_DEPTH then
    error("nested more than " .. MAX_DEPTH .. " deep, or a cycle", 0)
  end
  local copy
  for key, member in pairs(value) do
    local kind = type(member)
    -- Most members are strings, and as they are.
    local new = (kind == "string" or kind == "boolean") and member
      or prepare(member, depth + 1)
    if not rawequal(new, member) then
      copy = copy or tables.copy(value)
      copy[key] = new
    end
  end
  return copy or value
end

-- Replaces the empty array by the mark and refuses numbers that can't be sent
-- exactly; a table is copied only if something in it changes.
function prepare(value, depth)
  if marks and rawequal(value, M.empty_array) then
    return get_mark()
  elseif type(value) == "table" then
    return prepare_table(value, depth)
  elseif type(value) == "number" and value % 1 == 0
    and (value >= LARGEST or value <= -LARGEST) then
    error("a whole number of more than 14 digits would lose its last digits "
      .. "in this lua-cjson: send it as a string", 0)
  end
  return value
end

--- Lua value to JSON text.
---@param value any tables, strings, finite numbers, booleans, json.null
---@return string|nil text
---@return string|nil message what can't be encoded; contains none of the data
function M.encode(value)
  local ok, prepared = pcall(prepare, value, 1)
  if not ok then
    return nil, prepared
  end
  local done, text = pcall(cjson.encode, prepared)
  if not done then
    return nil, (tostring(text):gsub("^.-:%d+: ", ""))
  end
  if mark then
    text = text:gsub(mark_json, "[]")
  end
  return text
end

--- JSON text to a Lua value.
---@param text string
---@return any value nil on failure
---@return string|nil message where it is invalid (a position, not the data)
function M.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok then
    return nil, (tostring(value):gsub("^.-:%d+: ", ""))
  end
  if whole then
    value = integers(value)
  end
  return value
end

return M
