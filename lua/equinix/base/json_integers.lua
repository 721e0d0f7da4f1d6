--- json_integers: JSON whose long whole numbers every lua-cjson reads alike.
--
-- Law of this file: a whole number that 64 bits can't hold is read as the
-- float nearest to it. Pure, on text that the library has found to be valid.
--
-- RATIONALE: lua-cjson before 2.1.0.14 reads every number as a float. Newer
-- ones read whole numbers by strtoll(3), which makes 9223372036854775807 of
-- every larger one, without an error. With an exponent they are floats again.

local before = require("equinix.base.text").before

local M = {}

local LARGEST = "9223372036854775807"
local LONG = ("[0-9]"):rep(#LARGEST)

local function too_large(digits)
  digits = digits:match "^0*(.*)$"
  return #digits > #LARGEST
    or (#digits == #LARGEST and before(LARGEST, digits))
end

-- After the string whose opening quote is at `at`; nil: it does not end.
local function past_string(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local quote = at and text:byte(at) == 34
    at = at and (quote and at or at + 1)
  until quote or not at
  return at and at + 1
end

--- Whether there may be a number in it that needs the other function.
---@param text string
function M.is_long(text)
  return text:find(LONG) ~= nil
end

--- The same text, with an exponent behind each whole number beyond 64 bits.
---@param text string valid JSON
---@return string
function M.as_floats(text)
  local parts, from = {}, 1
  local at = text:find '["0-9]'
  while at do
    if text:byte(at) == 34 then
      at = past_string(text, at)
    else
      local digits, whole_end = text:match("^([0-9]+)()", at)
      local number_end = text:match("^[0-9.eE+-]*()", whole_end)
      if number_end == whole_end and too_large(digits) then
        parts[#parts + 1] = text:sub(from, whole_end - 1)
        from = whole_end
      end
      at = number_end
    end
    at = at and text:find('["0-9]', at)
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts, "e0")
end

return M
