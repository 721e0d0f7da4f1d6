--- target: where a request may go with the bearer token.
--
-- Law of this file: the token is sent to the origin of base_url and to the
-- allowed origins, and nowhere else. A path that two parsers could read
-- differently is refused before a byte is sent.

local core = require "equinix.core"
local errors = require("equinix.base.lazy") "equinix.base.error"
local form = require "equinix.http.form"

local M = {}

local function refuse(reason)
  return errors.fail("config", "the path is refused: " .. reason, {
    code = "bad_path",
  })
end

local function with_query(url, query)
  if type(query) == "table" then
    query = form.encode(query)
  end
  if not query or query == "" then
    return url
  end
  return url .. (url:find("?", 1, true) and "&" or "?")
    .. query:gsub("^%?", "")
end

local START = "it must start with /, such as /fabric/v4/ports (or be a whole "
  .. "URL, https://..., on an allowed origin)"

-- A path that all parsers read in the same way, so that its origin is that of
-- base_url: RFC 3986's characters for it, and no second slash at the start.
local SCHEME = "^[A-Za-z][A-Za-z0-9+.-]*://"
local PLAIN = "^/[A-Za-z0-9%-._~!$&'()*+,;=:@%%]"
  .. "[A-Za-z0-9%-._~!$&'()*+,;=:@%%/?]*$"

--- The URL of a request.
---@param config equinix.Config
---@param path string "/..." or an absolute URL on an allowed origin
---@param query table|string|nil
---@return string|nil url
---@return equinix.Error|nil
function M.url(config, path, query)
  if type(path) == "string" and path:find(PLAIN)
    and (query == nil or type(query) == "table") then
    return with_query(config.base_url .. path, query)
  elseif type(path) ~= "string" or path == "" then
    return refuse(START)
  elseif path:sub(1, 2) == "//" then
    return refuse "it starts with //, which names another host"
  elseif not path:find "^/" and not path:find(SCHEME) then
    return refuse(START)
  end
  local url = path:sub(1, 1) == "/" and config.base_url .. path or path
  url = with_query(url, query)
  if url:find("#", 1, true) then
    return refuse "it has a fragment (write # as %23)"
  end
  local parts, reason = core.url(url)
  if not parts then
    return refuse(reason)
  elseif not config.allowed[parts.origin] then
    return refuse("origin " .. parts.origin .. " is neither base_url's nor "
      .. "one of allowed_origins")
  end
  return url
end

--- The URL that a redirect leads to, which must be of the same origin.
---@param url string that was requested
---@param location string|nil the header of the response
---@param op string
---@return string|nil url
---@return equinix.Error|nil
function M.redirect(url, location, op)
  local function refused(reason)
    return errors.fail("protocol", op .. ": a redirect was not followed: "
      .. reason, { code = "redirect", op = op })
  end
  if not location then
    return refused "the response has no Location"
  end
  local next_url = core.url_join(url, location)
  local from, to = core.url(url), next_url and core.url(next_url)
  if not to then
    return refused "its Location is not a URL that can be used"
  elseif to.origin ~= from.origin then
    return refused("it leads to another origin, " .. to.origin)
  end
  return next_url
end

--- The name of a request in errors and events: "GET /fabric/v4/ports".
function M.op(method, url)
  return method .. " " .. (url:match "^[A-Za-z]+://[^/?]*(/?[^?]*)" or "?")
end

return M
