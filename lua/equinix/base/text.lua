--- text: text and numbers of a protocol, the same in every locale.
--
-- Law of this file: what is sent or compared does not depend on the locale
-- that the host has set, now or earlier. So string.lower and upper, tostring
-- and tonumber of fractions, `<` between strings and the classes of patterns
-- that know letters (%a %l %u %w %c %p) are not used for text from outside.

local M = {}

-- As base/memory.lua's, which a program that has memory never loads.
local function pass(ok, ...)
  if not ok and type((...)) == "string"
    and (...):find("not enough memory", 1, true) then
    error((...), 0)
  end
  return ok, ...
end

local function careful(f, ...)
  return pass(pcall(f, ...))
end

--- `pcall` where numbers are read and written as in the locale "C"; where
--- memory runs out it raises. LuaJIT's own functions know no locale, and the
--- emulator has no core there.
M.in_c_locale = jit and careful or require("equinix.core").in_c_locale
local in_c_locale = M.in_c_locale

--- A to Z in lower case; all other bytes as they are.
---@type fun(text: string): string
M.lower = jit and string.lower or require("equinix.core").lower

--- a to z in upper case; all other bytes as they are.
---@param text string
---@return string
function M.upper(text)
  return (text:gsub("[a-z]", function(letter)
    return string.char(letter:byte() - 32)
  end))
end

-- The shortest text of a float that reads back as the same float.
local function shortest(value)
  local text
  for digits = 14, 17 do
    text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then
      break
    end
  end
  return text
end

-- Where Lua has integers, all of theirs have a text of their own.
local function is_integer(value)
  return math.type and math.type(value) == "integer"
end

--- A number as text: 100 / 2 is "50", not "50.0", a long id keeps all its
--- digits, and a fraction reads back as the same number.
---@param value number
---@return string
function M.of_number(value)
  if is_integer(value) then
    return ("%d"):format(value)
  elseif value % 1 == 0 and value >= -2 ^ 53 and value <= 2 ^ 53 then
    return ("%.0f"):format(value)
  end
  local _, text = in_c_locale(shortest, value)
  return text
end

--- `string.format`, with a point in every fraction.
---@param pattern string
---@return string
function M.format(pattern, ...)
  local ok, text = in_c_locale(string.format, pattern, ...)
  return ok and text or error(text, 2)
end

--- `tonumber`, with a point as the only decimal point.
---@param text any
---@return number|nil
function M.number(text)
  local _, value = in_c_locale(tonumber, text)
  return value
end

--- Whether the bytes of a come before those of b; `<` asks the locale.
---@param a string
---@param b string
---@return boolean
function M.before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

return M
