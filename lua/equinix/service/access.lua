--- access: which requests are allowed in. The same for REST and MCP.
--
-- Law of this file: a page in a browser can send requests to loopback, under a
-- name of its own (DNS rebinding) or under ours. So the Host must be a known
-- name, and so must the Origin, if there is one; that the two are equal proves
-- nothing. The auth token is compared by its digest, so that timing reveals
-- nothing about it, and is read from the header only, never from a URL, which
-- others log.

local lower = require("equinix.base.text").lower
local core = require "equinix.core"
local problem = require "equinix.http.problem"
local read_given = require("equinix.base.file").read_given

local M = {}

-- The names of this machine for itself; with any port.
local LOOPBACK = { ["localhost"] = true, ["127.0.0.1"] = true,
  ["[::1]"] = true }

---@class equinix.Access.Options
---@field auth_token? string what `Authorization: Bearer` has to contain
---@field allowed_hosts? string[] further names: "name" with any port, or
---  "name:8080" with that one; IPv6 in brackets

---@class equinix.Access
---@field private hosts table<string, true>
---@field private digest? string of the auth token
---@field private last_host? string that was allowed
local Access = {}
Access.__index = Access

-- A name has 253 characters at most, a port 5; RFC 1035, section 2.3.4.
local MAX_HOST = 262

-- "name:port" or "name" into its two parts; nil for anything else. In two
-- steps, since any caller may send this: a single pattern, in which digits fit
-- both parts, would try each of them again from each of them.
local function split(text)
  if #text > MAX_HOST then
    return nil
  end
  local host = text:match "^%[[%x:.]+%]" or text:match "^[A-Za-z0-9.%-]+"
  local rest = host and text:sub(#host + 1)
  local port = rest == "" and "" or rest and rest:match "^:(%d*)$"
  if not port then
    return nil
  end
  return lower(host), port
end

function Access:allows_host(text)
  local host, port = split(text)
  return host ~= nil and (LOOPBACK[host] or self.hosts[host]
    or self.hosts[host .. ":" .. port]) or false
end

-- RFC 6454: a scheme and an authority, nothing after it. A page without an
-- origin of its own sends "null".
function Access:allows_origin(text)
  if #text > #"https://" + MAX_HOST then
    return false
  end
  local authority = lower(text):match "^https?://([^/]+)$"
  return authority ~= nil and self:allows_host(authority)
end

-- Whether the header contains the auth token.
function Access:has_token(authorization)
  local scheme, token = (authorization or ""):match "^([A-Za-z]+) +([^ ]+)$"
  return scheme ~= nil and lower(scheme) == "bearer"
    and core.sha256(token) == self.digest
end

local HOST = "Unknown Host header: use localhost, 127.0.0.1, [::1] or a name "
  .. "that the service was started with (--allow-host)."
local ORIGIN = "Requests from this Origin are refused; --allow-host allows "
  .. "its name."
local TOKEN = "Missing or wrong auth token: send 'Authorization: Bearer ' and "
  .. "the auth token of this service."

--- Checks a request.
---@param request {headers: table<string, string>} names in lower case
---@return table|nil response the refusal: status, headers, body; nil: allowed
function Access:check(request)
  local headers = request.headers
  local host = headers.host or ""
  -- Most callers use the same name as the caller before.
  if host ~= self.last_host and not self:allows_host(host) then
    return problem.response(403, HOST, nil, "host")
  end
  self.last_host = host
  if headers.origin and not self:allows_origin(headers.origin) then
    return problem.response(403, ORIGIN, nil, "origin")
  elseif self.digest and not self:has_token(headers.authorization) then
    return problem.response(401, TOKEN, { ["WWW-Authenticate"] = "Bearer" },
      "auth_token")
  end
end

--- Makes the access check of a service.
---@param options equinix.Access.Options
---@return equinix.Access
function M.new(options)
  local hosts = {}
  for _, name in ipairs(options.allowed_hosts or {}) do
    hosts[lower(name)] = true
  end
  return setmetatable({
    hosts = hosts,
    digest = options.auth_token and core.sha256(options.auth_token),
  }, Access)
end

local MIN_TOKEN, MAX_TOKEN = 16, 4096 -- bytes

local OPEN = "the auth token file %s can be read or changed by others (mode "
  .. "%04o): take their rights away (chmod 600), in Kubernetes with "
  .. "defaultMode: 0400"
local SHORT = "the auth token in %s has %d bytes: give it %d at least, such "
  .. "as `openssl rand -hex 32` prints"

-- Its owner may do anything; a group may read it, as where a program that is
-- not root gets a mounted secret. All others may do nothing.
local function open_to_others(path)
  local mode = core.file_mode(path)
  local group, others = mode and math.floor(mode / 8) % 8, mode and mode % 8
  return mode and (others ~= 0 or math.floor(group / 2) % 2 == 1)
    and OPEN:format(path, mode) or nil
end

--- Reads the auth token from a file. A token that could be guessed, or read by
--- others, is refused.
---@param path string
---@return string|nil token
---@return string|nil message
function M.read_token(path)
  local text, message = read_given(path, MAX_TOKEN + 2)
  if not text then
    return nil, "can't read the auth token: " .. message
  end
  message = open_to_others(path)
  if message then
    return nil, message
  end
  local token = text:match "^([\33-\126]+)\r?\n?$"
  if not token or #token > MAX_TOKEN then
    return nil, ("the auth token file %s must contain one line of visible "
      .. "ASCII characters"):format(path)
  elseif #token < MIN_TOKEN then
    return nil, SHORT:format(path, #token, MIN_TOKEN)
  end
  return token
end

--- Whether a text can be one of `allowed_hosts`.
---@param text string
---@return boolean
function M.is_host(text)
  return split(text) ~= nil
end

return M
