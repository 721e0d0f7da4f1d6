-- shown: a text in which every difference of two JSON values is seen, as
-- judge.mjs makes it. An empty object and an empty array are the same.
local json = require "equinix.base.json"

local function hex(text)
  return (text:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

local shown

local function table_shown(value)
  local parts = {}
  for key, member in next, value do
    local name = type(key) == "number" and ("%d"):format(key) or shown(key)
    parts[#parts + 1] = name .. "=" .. shown(member)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

function shown(value)
  if value == json.null then
    return "null"
  elseif type(value) == "table" then
    return table_shown(value)
  elseif type(value) == "string" then
    return "s" .. hex(value)
  elseif type(value) == "number" then
    -- There is no -0 for the judge either.
    return "n" .. hex(string.pack(">d", value == 0 and 0.0 or value))
  end
  return tostring(value)
end

return shown
