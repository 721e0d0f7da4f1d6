--- origin: where a baseUri may lead.
--
-- Law of this file: to Equinix or to the configured base_url, and nowhere
-- else. It is compared as text, by the strict form of an origin, so that
-- nothing that only looks like one passes. What is left of a baseUri is the
-- prefix of its paths; a file adds no origin.

local lower = require("equinix.base.text").lower
local path = require "equinix.capability.path"

local M = {}

local EQUINIX = "https://api.equinix.com"

local PORTS = { https = "443", http = "80" }

-- "https://host", without the port that goes without saying; and the rest.
local function split(url)
  local scheme, rest = url:match "^([A-Za-z]+)://(.*)$"
  scheme = scheme and lower(scheme)
  if not PORTS[scheme] then
    return nil
  end
  local host, behind = rest:match "^([A-Za-z0-9.-]+)(.*)$"
  if not host then
    host, behind = rest:match "^(%[[0-9a-fA-F:.]+%])(.*)$"
  end
  if not host then
    return nil
  end
  local port, tail = behind:match "^:(%d+)(.*)$"
  tail = tail or behind
  if tail ~= "" and not tail:find "^/" then
    return nil
  end
  local shown = port and port ~= PORTS[scheme] and ":" .. port or ""
  return scheme .. "://" .. lower(host) .. shown, (tail:gsub("/+$", ""))
end

-- What is wrong with a URL, in words that repeat nothing of it.
local function refusal(url)
  local authority = url:match "^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)" or ""
  if authority:find "[{}$<>]" then
    return "has a template in its host"
  elseif authority:find("@", 1, true) then
    return "has user information in front of its host"
  end
  return "is not https://api.equinix.com with a path, nor the configured "
    .. "base URL"
end

-- The rest of a path behind another one.
local function behind(text, front)
  if front ~= "" and (text .. "/"):sub(1, #front + 1) == front .. "/" then
    return text:sub(#front + 1)
  end
  return text
end

--- The prefix that a baseUri gives to its paths on base_url.
---@param base_uri string
---@param base_url string|nil the configured one; nil: Equinix' own
---@return string|nil prefix "" or "/metal/v1"
---@return string|nil message
function M.prefix(base_uri, base_url)
  local origin, tail = split(base_uri)
  local own, own_path = split(base_url or EQUINIX)
  if not origin or (origin ~= EQUINIX and origin ~= own) then
    return nil, refusal(base_uri)
  end
  if tail ~= "" then
    local parts, message = path.parse(tail)
    if not parts then
      return nil, message
    elseif #parts > 1 or type(parts[1]) ~= "string" then
      return nil, "has a variable: only paths of resources have them"
    end
  end
  return origin == own and behind(tail, own_path) or tail
end

return M
