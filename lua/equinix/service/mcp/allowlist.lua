--- allowlist: what an agent may call with a handle.
--
-- Law of this file: a path is accepted only if every program on its way reads
-- it the same: no dot segments, no empty ones, no escaped slash, backslash,
-- dot or percent sign, nothing but UTF-8, whatever a rule allows. Endpoints
-- that issue tokens (/oauth2/, /use/token) are never allowed, in any case of
-- letters.

local json_text = require "equinix.base.json_text"
local lower = require("equinix.base.text").lower

local M = {}

-- Only what reads, and costs nothing.
M.DEFAULT = {
  "GET /fabric/", "GET /ne/", "GET /colocations/", "GET /power/",
}

-- The characters of a path (RFC 3986), without ";": some servers cut off what
-- follows it.
local PATH = "^/[A-Za-z0-9%-._~!$&'()*+,=:@%%/]*$"

-- Slash, backslash, dot, percent sign, and a control character.
local ESCAPED = { ["2f"] = true, ["5c"] = true, ["2e"] = true, ["25"] = true,
  ["7f"] = true }

local function has_bad_escape(path)
  if path:gsub("%%%x%x", ""):find("%", 1, true) then
    return true
  end
  for hex in path:gmatch "%%(%x%x)" do
    if ESCAPED[lower(hex)] or tonumber(hex, 16) < 32 then
      return true
    end
  end
  return false
end

-- The path as a server decodes it.
local function decoded(path)
  return (path:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function is_utf8(text)
  return json_text.utf8(text) == text
end

local function is_plain(path)
  return path:find(PATH) ~= nil and not has_bad_escape(path)
    and is_utf8(decoded(path))
    and not path:find("//", 1, true)
    and not (path .. "/"):find "/%.%.?/"
end

local function issues_tokens(path)
  local plain = lower(decoded(path)) .. "/"
  return plain:find "^/oauth2" ~= nil or plain:find "^/use/token" ~= nil
end

-- Whether a path may be used at all.
local function is_safe(path)
  return is_plain(path) and not issues_tokens(path)
end

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
