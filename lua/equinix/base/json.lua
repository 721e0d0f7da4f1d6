--- json: JSON text to Lua values and back, on lua-cjson.
--
-- Law of this file: a value survives the way there and back. A whole number
-- is a Lua integer where Lua has integers, an empty array differs from an
-- empty object, a number keeps all its digits, and one that a float can't
-- hold is refused. None of it depends on the locale, whenever that was set.
-- The settings belong to a private instance: the program's own cjson is
-- unchanged. Where memory runs out it is raised: neither is a text that could
-- not be read for that reason no JSON, nor one that could not be written.

local core = require "equinix.core"
local integers = require "equinix.base.json_integers"
local tables = require "equinix.base.table"
local text_of = require "equinix.base.text"

local M = {}

-- RATIONALE: lua-cjson reads the decimal point of the locale when an instance
-- is made and keeps it for the whole process, while each number is read and
-- written by the locale of the moment. So the library is called under the
-- locale "C", and after an instance was made there the host's own point is
-- restored by another one. Where that point has several bytes the library
-- would end the process; there it keeps "C".

local function restore_point(library)
  if #core.decimal_point() == 1 then
    library.new()
  end
end

local function in_c_locale(f, ...)
  local ok, value = core.in_c_locale(f, ...)
  return ok and value or error(value, 0)
end

local library = in_c_locale(require, "cjson")
local cjson = in_c_locale(library.new)
restore_point(library)

-- Infinity and NaN are not JSON (RFC 8259, section 6).
cjson.encode_invalid_numbers(false)
cjson.decode_invalid_numbers(false)

-- Numbers of which the library writes all digits: whole ones below 1e14, and
-- fractions of six decimal places. One that does not write these as they are
-- gets no number to write.
local DIGITS = "[99999999999999,-99999999999999,12345678.123456,0.5]"
local LARGEST = in_c_locale(cjson.encode, { 99999999999999, -99999999999999,
  12345678.123456, 0.5 }) == DIGITS and 1e14 or 0

-- Whether the library reads a whole number beyond 64 bits as another one.
local cuts_integers = in_c_locale(cjson.decode,
  "[18446744073709551616]")[1] ~= 2 ^ 64

-- Whether it reads whole numbers as floats where Lua has integers.
local floats = math.type and math.type(cjson.decode "[1]"[1]) == "float"

local MAX_DEPTH = 128

-- Encodes first, and asks the core afterwards what has to be put right. Little
-- depth, since of a table that contains itself it writes that many copies.
local quick = in_c_locale(library.new)
restore_point(library)
quick.encode_invalid_numbers(false)
quick.encode_max_depth(16)

--- JSON's null: `value.field == json.null`.
M.null = cjson.null

-- Where the library has no empty array (Debian's 2.1.0), a table of our own
-- stands for it. In the text a random string marks its place, and that of a
-- number which the library would cut.
local mark, mark_pattern -- made when first needed
local marked -- whether the value at hand has marks in it
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

-- A string in whose place the text will stand.
local function in_place_of(text)
  if not mark then
    local made = "\1" .. core.sha256(tostring(core.random())) .. "\1"
    mark_pattern = cjson.encode(made):sub(1, -2) .. '([^"]*)"'
    mark = made
  end
  marked = true
  return mark .. text
end

-- Whether the library writes all digits of it: what it writes is the decimal
-- fraction, and this is the float nearest to that.
local function is_short(value)
  if value % 1 == 0 then
    return value < LARGEST and value > -LARGEST
  end
  local scaled = value * 1e6
  scaled = scaled + 0.5 - (scaled + 0.5) % 1
  return scaled < LARGEST and scaled > -LARGEST and scaled / 1e6 == value
end

local function is_finite(value)
  return value - value == 0
end

local prepare

local function prepare_table(value, depth)
  if depth > MAX_DEPTH then
    error("nested more than " .. MAX_DEPTH .. " deep, or a cycle", 0)
  end
  local copy
  for key, member in next, value do
    local kind, new, name = type(member), member, key
    -- Most members are strings, and as they are.
    if kind == "table" or kind == "number"
      and (member % 1 ~= 0 or member >= LARGEST or member <= -LARGEST) then
      new = prepare(member, depth + 1)
    end
    if type(key) == "number"
      and (key % 1 ~= 0 or key >= LARGEST or key <= -LARGEST)
      and not is_short(key) and is_finite(key) then
      name = text_of.of_number(key)
    end
    if not rawequal(new, member) or name ~= key then
      copy = copy or tables.copy(value)
      copy[key] = nil
      copy[name] = new
    end
  end
  return copy or value
end

-- Puts marks where the library would write something else; a table is copied
-- only if something in it changes.
function prepare(value, depth)
  if marks and rawequal(value, M.empty_array) then
    return in_place_of "[]"
  elseif type(value) == "table" then
    return prepare_table(value, depth)
  elseif type(value) == "number" and not is_short(value)
    and is_finite(value) then
    return in_place_of(text_of.of_number(value))
  end
  return value
end

-- Puts marks in, encodes, and takes them out. What can't be encoded, and in
-- what words, is decided here.
local function encode_with_marks(value)
  marked = false
  local ok, prepared = core.in_c_locale(prepare, value, 1)
  if not ok then
    return nil, prepared
  end
  local done, text = core.in_c_locale(cjson.encode, prepared)
  if not done then
    return nil, (tostring(text):gsub("^.-:%d+: ", ""))
  end
  if marked then
    text = text:gsub(mark_pattern, "%1")
  end
  return text
end

-- The text of a table; false, nil or an error: not known.
local function encode_quickly(value)
  local text = quick.encode(value)
  local exact = core.exact_text(value, text, cjson.decode,
    text_of.of_number, marks and M.empty_array or nil)
  return exact == true and text or exact and table.concat(exact)
end

--- Lua value to JSON text.
---@param value any tables, strings, finite numbers, booleans, json.null
---@return string|nil text
---@return string|nil message what can't be encoded; contains none of the data
function M.encode(value)
  if type(value) == "table" and LARGEST > 0 then
    local ok, text = core.in_c_locale(encode_quickly, value)
    if ok and text then
      return text
    end
  end
  return encode_with_marks(value)
end

-- Another instance was made under another locale: its decimal point goes, and
-- the host's comes back.
local function decode_anew(text)
  core.in_c_locale(library.new)
  local ok, value = core.in_c_locale(cjson.decode, text)
  restore_point(library)
  return ok, value
end

-- -> ok, value or message, finite, long
local function read(text)
  local ok, value = core.in_c_locale(cjson.decode, text)
  if not ok and not core.in_c_locale(cjson.decode, "0.5") then
    ok, value = decode_anew(text)
  end
  if not ok then
    return false, value
  end
  return true, core.whole_numbers(value, text, floats, cjson.decode)
end

local BOM = "\239\187\191"

--- A text that was received, without the byte order mark that it may begin
--- with (RFC 8259, section 8.1 allows to ignore one, and forbids to send it).
---@param text string
---@return string
function M.without_bom(text)
  return text:sub(1, 3) == BOM and text:sub(4) or text
end

--- JSON text to a Lua value.
---@param text string
---@param infinite? boolean a number that no float can hold is an infinity;
---  otherwise it is refused
---@return any value nil on failure
---@return string|nil message where it is invalid (a position, not the data)
function M.decode(text, infinite)
  local ok, value, finite, long = read(text)
  if ok and long and cuts_integers and integers.is_long(text) then
    ok, value, finite = read(integers.as_floats(text))
  end
  if not ok then
    return nil, (tostring(value):gsub("^.-:%d+: ", ""))
  end
  if not finite and not infinite then
    return nil, "a number in it is larger than any float (1.8e308)"
  end
  return value
end

--- Whether a text is JSON, for one that is passed on as it is: numbers of any
--- size are.
---@param text string
---@return boolean
function M.is_valid(text)
  return core.surely_valid(text) or core.in_c_locale(cjson.decode, text)
    or M.decode(text, true) ~= nil
end

return M
