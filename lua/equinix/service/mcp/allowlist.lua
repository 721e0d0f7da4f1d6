--- allowlist: what an agent may call with a handle.
--
-- Law of this file: whatever a rule allows, a path is accepted only if it is
-- safe (http/safe_path).

local is_safe = require("equinix.http.safe_path").is_safe

local M = {}

-- Only what reads, and costs nothing.
M.DEFAULT = {
  "GET /fabric/", "GET /ne/", "GET /colocations/", "GET /power/",
}

--- Reads "GET /fabric/".
---@param text string
---@return {method: string, prefix: string}|nil
---@return string|nil message
function M.parse(text)
  local method, prefix = text:match "^([A-Z]+) (/.*)$"
  if not method or not is_safe(prefix) then
    return nil, "a rule must be a method and the start of a path, such as "
      .. "'POST /fabric/v4/ports/search'; endpoints that issue tokens can't "
      .. "be allowed"
  end
  return { method = method, prefix = prefix }
end

-- A rule that ends in "/" covers all paths below it, any other rule one path.
local function covers(rule, method, path)
  if rule.method ~= method then
    return false
  elseif rule.prefix:sub(-1) == "/" then
    return path:sub(1, #rule.prefix) == rule.prefix
  end
  return path == rule.prefix
end

--- Whether a call is allowed.
---@param rules {method: string, prefix: string}[]
---@param method string
---@param path string
---@return boolean
function M.allow(rules, method, path)
  if not is_safe(path) then
    return false
  end
  for _, rule in ipairs(rules) do
    if covers(rule, method, path) then
      return true
    end
  end
  return false
end

return M
