--- allowlist: what an agent may call with a handle.
--
-- Law of this file: a path is taken only if all who read it on its way read
-- the same path: no dot segments, no empty ones, no escaped slash, backslash,
-- dot or percent sign, nothing but UTF-8, whatever a rule allows. And what
-- gives tokens out (/oauth2/, /use/token) is never among it, in any case of
-- letters.

local scan = require "equinix.base.json_text"

local M = {}

-- Reading, and nothing that costs.
M.DEFAULT = {
  "GET /fabric/", "GET /ne/", "GET /colocations/", "GET /power/",
}

-- RFC 3986's characters of a path, but for ";", which some servers cut off.
local PATH = "^/[%w%-._~!$&'()*+,=:@%%/]*$"

-- %2f %5c %2e %25, and what is no character of a text at all.
local ESCAPED = { ["2f"] = true, ["5c"] = true, ["2e"] = true, ["25"] = true,
  ["7f"] = true }

local function has_bad_escape(path)
  if path:gsub("%%%x%x", ""):find("%", 1, true) then
    return true
  end
  for hex in path:gmatch "%%(%x%x)" do
    if ESCAPED[hex:lower()] or tonumber(hex, 16) < 32 then
      return true
    end
  end
  return false
end

-- What a server would make of it.
local function decoded(path)
  return (path:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function is_utf8(text)
  return scan.utf8(text) == text
end

local function is_plain(path)
  return path:find(PATH) ~= nil and not has_bad_escape(path)
    and is_utf8(decoded(path))
    and not path:find("//", 1, true)
    and not (path .. "/"):find "/%.%.?/"
end

local function gives_tokens(path)
  local lower = decoded(path):lower() .. "/"
  return lower:find "^/oauth2" ~= nil or lower:find "^/use/token" ~= nil
end

--- Whether a path can be used at all.
---@param path string
---@return boolean
function M.is_safe(path)
  return is_plain(path) and not gives_tokens(path)
end

--- Reads "GET /fabric/".
---@param text string
---@return {method: string, prefix: string}|nil
---@return string|nil message
function M.parse(text)
  local method, prefix = text:match "^(%u+) (/.*)$"
  if not method or not M.is_safe(prefix) then
    return nil, "a rule is a method and the start of a path, such as "
      .. "'POST /fabric/v4/ports/search'; what gives tokens out can't be one"
  end
  return { method = method, prefix = prefix }
end

-- A rule that ends in "/" is for all below it, another one for itself.
local function covers(rule, method, path)
  if rule.method ~= method then
    return false
  elseif rule.prefix:sub(-1) == "/" then
    return path:sub(1, #rule.prefix) == rule.prefix
  end
  return path == rule.prefix
end

--- Whether a call is allowed.
---@param list {method: string, prefix: string}[]
---@param method string
---@param path string
---@return boolean
function M.allow(list, method, path)
  if not M.is_safe(path) then
    return false
  end
  for _, rule in ipairs(list) do
    if covers(rule, method, path) then
      return true
    end
  end
  return false
end

return M
