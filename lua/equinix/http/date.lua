--- date: an HTTP-date as seconds since 1970.
--
-- Law of this file: libcurl's parser reads the date; what counts as one is
-- decided here, since libcurl accepts far more than HTTP does. Only the three
-- forms of RFC 9110, section 5.6.7 count, and only days and times that exist.

local core = require "equinix.core"

local M = {}

local FIFTY_YEARS = 50 * 365.2425 * 86400 -- seconds

local LONG_NAMES = {
  Sunday = true, Monday = true, Tuesday = true, Wednesday = true,
  Thursday = true, Friday = true, Saturday = true,
}
local SHORT_NAMES = {}
for name in pairs(LONG_NAMES) do
  SHORT_NAMES[name:sub(1, 3)] = true
end

-- %a and its like would depend on the locale.
local WORD, TIME = "([A-Z][a-z]+)", "(%d%d:%d%d):(%d%d)"
local IMF_FIXDATE = "^" .. WORD .. ", (%d%d) " .. WORD .. " (%d%d%d%d) "
  .. TIME .. " GMT$"
local RFC850 = "^" .. WORD .. ", (%d%d)%-" .. WORD .. "%-(%d%d) "
  .. TIME .. " GMT$"
local ASCTIME = "^" .. WORD .. " " .. WORD .. " ([ %d]%d) " .. TIME
  .. " (%d%d%d%d)$"

-- The parts of a date, as text: {day, month, year, time, second}.
local function parts_of(text)
  local name, day, month, year, time, second = text:match(IMF_FIXDATE)
  local names = SHORT_NAMES
  if not name then
    name, day, month, year, time, second = text:match(RFC850)
    names = LONG_NAMES
  end
  if not name then
    name, month, day, time, second, year = text:match(ASCTIME)
    names = SHORT_NAMES
  end
  return name and names[name] and #month == 3 and {
    day = day:gsub(" ", "0"),
    month = month,
    year = tonumber(year),
    is_short = #year == 2,
    time = time,
    second = second,
  } or nil
end

-- The parts in that year, as seconds; nil where there is no such day or time.
local function seconds_of(parts, year)
  local four_digits = ("%04d"):format(year)
  local at = core.date(("%s %s %s %s:%s GMT"):format(parts.day, parts.month,
    four_digits, parts.time, parts.second))
  -- libcurl takes 30 February for 2 March, and the year 0094 for 1994. The
  -- second is left out, since 60 (a leap second) is the next minute.
  if at and os.date("!%Y %d %H:%M", at - tonumber(parts.second))
    == ("%s %s %s"):format(four_digits, parts.day, parts.time) then
    return at
  end
end

-- Two digits stand for the last such year that is not more than 50 years
-- ahead (the rule of that section).
local function short_year(parts, now)
  local last = tonumber(os.date("!%Y", math.floor(now))) + 50
  local year = last - (last - parts.year) % 100
  local at = seconds_of(parts, year)
  if at and at - now <= FIFTY_YEARS then
    return at
  end
  return seconds_of(parts, year - 100)
end

--- Reads an HTTP-date.
---@param text string
---@param now number seconds since 1970, for a year of two digits
---@return number|nil seconds since 1970; nil: not an HTTP-date
function M.parse(text, now)
  local parts = parts_of(text)
  if not parts then
    return nil
  elseif parts.is_short then
    return short_year(parts, now)
  end
  return seconds_of(parts, parts.year)
end

return M
