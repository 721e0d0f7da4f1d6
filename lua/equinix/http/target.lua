--- target: where a request may go with the bearer token.
--
-- Law of this file: the token leaves for the origin of base_url and for the
-- allowed origins, and nowhere else. Whatever can be read in two ways is
-- refused before a byte is sent.

local core = require "equinix.core"
local err = require "equinix.base.error"
local form = require "equinix.http.form"

local M = {}

local function refuse(reason)
  return err.fail("config", "the path is refused: " .. reason, {
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

-- A path that can be read in one way only, whose origin is therefore that of
-- base_url: RFC 3986's characters for it, and no second slash at the start.
local PLAIN = "^/[%w%-._~!$&'()*+,;=:@%%][%w%-._~!$&'()*+,;=:@%%/?]*$"

--- The URL of a request.
---@param config table of equinix.client.options
---@param path string "/..." or an absolute URL on an allowed origin
---@param query table|string|nil
---@return string|nil url
---@return equinix.Error|nil
function M.url(config, path, query)
  if type(path) == "string" and path:find(PLAIN)
    and (query == nil or type(query) == "table") then
    return with_query(config.base_url .. path, query)
  elseif type(path) ~= "string" or path == "" then
    return refuse "it must be a string that starts with /"
  elseif path:sub(1, 2) == "//" then
    return refuse "it starts with //, which names another host"
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
    return refuse("origin " .. parts.origin .. " is not base_url's and not "
      .. "among allowed_origins")
  end
  return url
end

--- Where a redirect leads: the same origin only.
---@param url string that answered
---@param location string|nil the header
---@param op string
---@return string|nil url
---@return equinix.Error|nil
function M.redirect(url, location, op)
  local function no(reason)
    return err.fail("protocol", op .. ": a redirect was not followed: "
      .. reason, { code = "redirect", op = op })
  end
  if not location then
    return no "it names no target"
  end
  local next_url = core.url_join(url, location)
  local from, to = core.url(url), next_url and core.url(next_url)
  if not to then
    return no "its target is no usable URL"
  elseif to.origin ~= from.origin then
    return no("it leads to " .. to.origin)
  end
  return next_url
end

--- "GET /fabric/v4/ports": what errors and events call a request.
function M.op(method, url)
  return method .. " " .. (url:match "^%a+://[^/?]*(/?[^?]*)" or "?")
end

return M
