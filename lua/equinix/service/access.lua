--- access: who may come in. The same for every service that this opens.
--
-- Law of this file: a page in somebody's browser can make requests to
-- loopback, under a name of its own (DNS rebinding) or of ours. So the Host
-- must be one of ours, and where there is an Origin it must be, too; that both
-- are the same proves nothing. A token that opens the door is compared by its
-- digest, so time tells nothing about it, and is read from the header alone,
-- never from a URL that others log.

local core = require "equinix.core"
local json = require "equinix.base.json"
local problem = require "equinix.http.problem"

local M = {}

-- What everybody calls this machine from itself; any port.
local LOOPBACK = { ["localhost"] = true, ["127.0.0.1"] = true,
  ["[::1]"] = true }

---@class equinix.Door.Options
---@field auth_token? string what `Authorization: Bearer` has to say
---@field allowed_hosts? string[] further names: "name" with any port, or
---  "name:8080" with that one; IPv6 in brackets

---@class equinix.Door
local Door = {}
Door.__index = Door

local function refusal(status, detail, headers)
  headers = headers or {}
  headers["Content-Type"] = "application/problem+json"
  headers["Cache-Control"] = "no-store"
  return {
    status = status,
    headers = headers,
    body = assert(json.encode(problem.new(status, detail))),
  }
end

-- A name has 253 characters at most, a port 5; RFC 1035, section 2.3.4.
local MAX_HOST = 262

-- "name:port" or "name" into its two parts; nil for anything else. In two
-- steps, since anybody may send this: a pattern in which digits fit both
-- parts looks at each of them again from each of them.
local function split(text)
  if #text > MAX_HOST then
    return nil
  end
  local host = text:match "^%[[%x:.]+%]" or text:match "^[%w.%-]+"
  local rest = host and text:sub(#host + 1)
  local port = rest == "" and "" or rest and rest:match "^:(%d*)$"
  if not port then
    return nil
  end
  return host:lower(), port
end

function Door:knows(text)
  local host, port = split(text)
  return host ~= nil and (LOOPBACK[host] or self.hosts[host]
    or self.hosts[host .. ":" .. port]) or false
end

-- RFC 6454: a scheme and an authority, nothing behind it. "null" is what a
-- page without an origin of its own sends.
function Door:knows_origin(text)
  if #text > #"https://" + MAX_HOST then
    return false
  end
  local authority = text:lower():match "^https?://([^/]+)$"
  return authority ~= nil and self:knows(authority)
end

-- Whether the header shows the token.
function Door:opens(authorization)
  local scheme, token = (authorization or ""):match "^(%a+) +(%S+)$"
  return scheme ~= nil and scheme:lower() == "bearer"
    and core.sha256(token) == self.digest
end

local HOST = "This service is not called that; the Host must be localhost, "
  .. "127.0.0.1, [::1] or one it was told (--allow-host)."
local ORIGIN = "Requests of pages from that Origin are not answered; allow it "
  .. "with --allow-host."
local TOKEN = "Send 'Authorization: Bearer ' and the token of this service."

--- Looks at a request.
---@param request {headers: table<string, string>} names in lower case
---@return table|nil response the refusal: status, headers, body; nil: come in
function Door:check(request)
  local headers = request.headers
  local name = headers.host or ""
  -- Most callers use the name that the one before used.
  if name ~= self.last and not self:knows(name) then
    return refusal(403, HOST)
  end
  self.last = name
  if headers.origin and not self:knows_origin(headers.origin) then
    return refusal(403, ORIGIN)
  elseif self.digest and not self:opens(headers.authorization) then
    return refusal(401, TOKEN, { ["WWW-Authenticate"] = "Bearer" })
  end
end

--- Makes the door of a service.
---@param options equinix.Door.Options
---@return equinix.Door
function M.new(options)
  local hosts = {}
  for _, name in ipairs(options.allowed_hosts or {}) do
    hosts[name:lower()] = true
  end
  return setmetatable({
    hosts = hosts,
    digest = options.auth_token and core.sha256(options.auth_token),
  }, Door)
end

local MAX_TOKEN = 4096

--- Reads the token that opens a door.
---@param path string
---@return string|nil token
---@return string|nil reason
function M.read_token(path)
  local file, reason = io.open(path, "rb")
  if not file then
    return nil, "the auth token can't be read: " .. tostring(reason)
  end
  local text, why = file:read(MAX_TOKEN + 2)
  file:close()
  local token = text and text:match "^([\33-\126]+)\r?\n?$"
  if not token or #token > MAX_TOKEN then
    return nil, ("the auth token file %s must hold one line of visible ASCII "
      .. "characters%s"):format(path, why and ": " .. why or "")
  end
  return token
end

--- Whether a text can be one of `allowed_hosts`.
function M.is_host(text)
  return split(text) ~= nil
end

return M
