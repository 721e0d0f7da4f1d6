--- form: an application/x-www-form-urlencoded text, taken apart.

local M = {}

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- "a=x+y&b=" -> {a = "x y", b = ""}; of a repeated name the last one counts.
---@param text string
---@return table<string, string>
function M.decode(text)
  local fields = {}
  for pair in text:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    fields[unescape(name)] = unescape(value)
  end
  return fields
end

return M
