--- request_head: the head of a request, as nginx has it.
--
-- Law of this file: nothing is read before it is looked at, and a header that
-- came twice is never taken for one of its values.

local lower = require("equinix.base.text").lower
local ngx = ngx -- the one global, given by ngx_lua

local M = {}

local var = ngx.var

-- The name of a header's variable, in which nginx has underscores.
local variables = setmetatable({}, {
  __index = function(self, name)
    self[name] = "http_" .. name:gsub("%-", "_")
    return self[name]
  end,
})

-- The lines of a header that comes twice are joined (RFC 9110, section 5.2);
-- a joined Host or Origin is no valid name, and is refused.
local function read_all(headers)
  for name, value in pairs(ngx.req.get_headers(0)) do
    rawset(headers, name, type(value) == "table"
      and table.concat(value, ", ") or value)
  end
  setmetatable(headers, nil)
end

-- Most headers that are looked up are absent: the variable shows that without
-- reading all of them.
local Headers = {
  __index = function(headers, name)
    if not var[variables[name]] then
      return nil
    end
    read_all(headers)
    return headers[name]
  end,
}

--- The headers of the current request: a metatable for a table that many
--- requests share.
M.shared_headers = {
  __index = function(_, name)
    return setmetatable({}, Headers)[name]
  end,
}

-- A target may have a host, and that is the one that counts (RFC 9112, section
-- 3.2.2): nginx's $host is that, or else the one of the Host header. When the
-- two differ, the request gets a Host that is never allowed.
local function read_host()
  local header, name = var.http_host, var.host
  if header and header ~= name
    and lower(header):gsub(":%d*$", "") ~= name then
    return ""
  end
  return header
end

--- Takes conditions away. Responses have no versions that one could be about
--- (RFC 9110, section 13.1), but nginx would check conditions, even empty
--- ones, when it sends our response, and send a page of its own instead. No
--- loop: see serve/send.
---@return boolean whether there was one
function M.drop_conditions()
  local match, since, none = var.http_if_match, var.http_if_unmodified_since,
    var.http_if_none_match
  if match then
    ngx.req.clear_header "If-Match"
  end
  if since then
    ngx.req.clear_header "If-Unmodified-Since"
  end
  if none then
    ngx.req.clear_header "If-None-Match"
  end
  return (match or since or none) ~= nil
end

--- The request, but for its body. nginx makes sure that there is exactly one
--- Host.
---@param is_known fun(target: string): boolean|nil it is a path of ours, with
---  nothing behind it
---@return equinix.service.HttpRequest
function M.read(is_known)
  local uri = var.request_uri
  local path, query = uri, nil
  if not is_known(uri) then
    path, query = uri:match "^([^?#]*)%??([^#]*)"
  end
  return {
    method = ngx.req.get_method(),
    path = path,
    query = query ~= "" and query or nil,
    headers = setmetatable({ host = read_host() }, Headers),
    body = "",
  }
end

return M
