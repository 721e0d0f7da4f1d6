--- form: names and values as text for a URL's query or a form body.
--
-- Law of this file: every byte that could be read as a separator is escaped,
-- and the same fields always give the same text.

local core = require "equinix.core"
local text_of = require "equinix.base.text"

local M = {}

--- A value as text: 100 / 2 is "50", not "50.0", a long id keeps all its
--- digits, and 1.5 has a point in every locale.
function M.text(value)
  if type(value) == "number" then
    return text_of.of_number(value)
  end
  return tostring(value)
end

local function add(parts, name, value)
  parts[#parts + 1] = core.escape(M.text(name)) .. "="
    .. core.escape(M.text(value))
end

--- `{b = {1, 2}, a = "x y"}` -> "a=x%20y&b=1&b=2", names in order.
---@param fields table<string, any> a list repeats its name
---@return string
function M.encode(fields)
  local names, parts = {}, {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    return text_of.before(M.text(a), M.text(b))
  end)
  for _, name in ipairs(names) do
    local value = fields[name]
    if type(value) == "table" then
      for _, member in ipairs(value) do
        add(parts, name, member)
      end
    else
      add(parts, name, value)
    end
  end
  return table.concat(parts, "&")
end

return M
