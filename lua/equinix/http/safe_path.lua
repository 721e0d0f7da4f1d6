--- safe_path: a path that every program on its way reads alike, and that gives
--- no token out.
--
-- Law of this file: no dot segments, no empty ones, no escaped slash,
-- backslash, dot or percent sign, nothing but UTF-8. Endpoints that issue
-- tokens (/oauth2/ and /use/token, also behind the path of a gateway) are
-- never safe, in any case of letters and with any parameters of segments.

local json_text = require "equinix.base.json_text"
local lower = require("equinix.base.text").lower

local M = {}

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

-- As a server reads it that cuts off what follows a ";" in a segment.
local function issues_tokens(path)
  local plain = lower(decoded(path)):gsub(";[^/]*", ""):gsub("/+", "/")
  return plain:find "^/oauth2" ~= nil
    or plain:find("/oauth2/", 1, true) ~= nil
    or plain:find("/use/token", 1, true) ~= nil
end

--- Whether a path may be used at all.
---@param path string without the query
---@return boolean
function M.is_safe(path)
  return is_plain(path) and not issues_tokens(path)
end

--- The path of a URL, without its query.
---@param url string
---@return string
function M.of_url(url)
  return url:match "^[A-Za-z]+://[^/?#]*(/[^?#]*)" or "/"
end

return M
