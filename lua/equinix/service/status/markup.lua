--- markup: texts and numbers for a page.
--
-- Law of this file: what goes into a page goes through here, so that nothing
-- in it is read as HTML. Pure.

local text_of = require "equinix.base.text"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["'"] = "&#39;" }

--- A text as HTML.
---@param text any
---@return string
function M.escape(text)
  return (tostring(text):gsub("[&<>\"']", ENTITIES))
end

--- A template with its values: `%(name)s` is a text, `%[name]s` is HTML.
---@param template string
---@param values table<string, any>
---@return string
function M.fill(template, values)
  return (template:gsub("%%([%(%[])([a-z0-9_]+)[%)%]]s", function(kind, name)
    local value = values[name]
    assert(value ~= nil, name)
    return kind == "(" and M.escape(value) or value
  end))
end

--- A number for people: 1 234 567, with thin spaces.
---@param value number
---@return string
function M.count(value)
  local digits = ("%d"):format(value)
  return (digits:reverse():gsub("(%d%d%d)", "%1\1"):reverse():gsub("^\1", "")
    :gsub("\1", "\226\128\175"))
end

local UNITS = { { 3600, "h" }, { 60, "min" }, { 1, "s" } }

--- A duration for people, in two units: "1 h 5 min".
---@param seconds number
---@param most? integer units
---@return string
function M.duration(seconds, most)
  local left, parts = math.max(0, math.floor(seconds)), {}
  for _, unit in ipairs(UNITS) do
    local n = math.floor(left / unit[1])
    if n > 0 and #parts < (most or 2) then
      parts[#parts + 1] = ("%d\194\160%s"):format(n, unit[2])
    elseif #parts > 0 then
      break
    end
    left = left % unit[1]
  end
  return #parts > 0 and table.concat(parts, " ") or "0\194\160s"
end

--- A time of day.
---@param at number Unix time
---@param with_seconds? boolean
---@return string
function M.time(at, with_seconds)
  return os.date(with_seconds and "!%H:%M:%S" or "!%H:%M", math.floor(at))
end

--- A coordinate: no more than two decimals, whatever the locale is.
---@param value number
---@return string
function M.coordinate(value)
  return (text_of.format("%.2f", value):gsub("%.?0+$", ""))
end

return M
