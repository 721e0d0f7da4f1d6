--- trace: the events of a client as lines for a person.
--
-- Law of this file: an event in, lines out, and nothing else: no I/O, no
-- state. A request and its answer have the same number; what goes out has
-- ">", what comes in "<". Any other event is its name and its fields. No line
-- has a control character or is longer than a pipe or nginx's log takes at
-- once, and one with a part of a secret in it is not shown.

local printable = require "equinix.base.printable"
local text_of = require "equinix.base.text"

local M = {}

local MAX_LINE = 1500 -- bytes
local HIDDEN = "a line is not shown: a secret is in it"

local function value_of(value)
  if type(value) == "number" then
    return value == math.huge and "never"
      or (text_of.format("%.4f", value):gsub("%.?0+$", ""))
  end
  return tostring(value)
end

local function seconds(value)
  return text_of.format("%.3f s", value or 0)
end

-- Headers and the beginning of the body, where the event has them.
local function add_details(lines, start, fields)
  for _, header in ipairs(fields.headers or {}) do
    lines[#lines + 1] = start .. header
  end
  if fields.body then
    lines[#lines + 1] = start .. "body: " .. fields.body
  end
  return lines
end

local FORMS = {}

function FORMS.request(fields)
  local start = ("#%d > "):format(fields.number)
  return add_details({ ("%s%s%s"):format(start, fields.method and fields.url
    and fields.method .. " " .. fields.url or fields.op,
    fields.bytes and (", %d bytes"):format(fields.bytes) or "") },
    start, fields)
end

function FORMS.response(fields)
  local start = ("#%d < "):format(fields.number)
  if not fields.status then
    return { ("%sno answer after %s: %s %s"):format(start,
      seconds(fields.seconds), fields.kind or "", fields.code or "") }
  end
  return add_details({ ("%s%d in %s, %d bytes%s%s"):format(start,
    fields.status, seconds(fields.seconds), fields.bytes or 0,
    fields.http_version and ", HTTP/" .. fields.http_version or "",
    (fields.connects or 0) > 0 and ", new connection" or "") }, start, fields)
end

-- Any other: "retry: attempt=1 delay=0.52 op=GET /x status=503".
local function plainly(name, fields)
  local parts = {}
  for field, value in pairs(fields) do
    parts[#parts + 1] = field .. "=" .. value_of(value)
  end
  table.sort(parts, text_of.before)
  return { name .. (parts[1] and ": " .. table.concat(parts, " ") or "") }
end

--- The lines of an event.
---@param name string
---@param fields table
---@param sees fun(text: string): boolean of http/secret_parts
---@return string[]
function M.lines(name, fields, sees)
  local lines = FORMS[name] and FORMS[name](fields) or plainly(name, fields)
  for i, line in ipairs(lines) do
    line = line:sub(1, MAX_LINE)
    line = sees(line) and HIDDEN or printable.text(line)
    lines[i] = #line > MAX_LINE and line:sub(1, MAX_LINE) .. "..." or line
  end
  return lines
end

return M
