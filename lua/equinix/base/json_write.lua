--- json_write: JSON text put together of texts.
--
-- Law of this file: the counterpart of scan. Whoever has the text of a value
-- puts it in as it is; an empty object is {} and an empty array [], members
-- come in the order of their names, and the whole is one line.

local json = require "equinix.base.json"

local M = {}

--- A string, number or boolean as JSON.
function M.value(value)
  return assert(json.encode(value))
end

--- An object of texts.
---@param members table<string, string>
---@return string
function M.object(members)
  local names, parts = {}, {}
  for name in pairs(members) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = M.value(name) .. ":" .. members[name]
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- An array of texts.
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

--- A text of scan's in one line: inside of strings there is no raw line end.
---@param text string
---@return string
function M.one_line(text)
  return (text:gsub("[\r\n]+", " "))
end

return M
