--- json: JSON for the emulator.
--
-- Law of this file: lua-cjson as it is, and nothing of the client's own JSON
-- code, so that a mistake there shows when the two talk to each other.

local cjson = require("cjson").new()

local M = {}

--- What `null` becomes.
M.null = require("cjson").null

--- The value of a JSON text; nil when the text is not JSON.
---@param text string
---@return any
function M.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok and tostring(value):find("not enough memory", 1, true) then
    error(value, 0)
  end
  return ok and value or nil
end

--- A value as JSON; an empty table becomes {}.
---@param value any
---@return string
function M.encode(value)
  -- lua-cjson writes / as \/, which is correct but hard to read.
  return (cjson.encode(value):gsub("\\/", "/"))
end

return M
