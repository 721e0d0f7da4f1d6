--- nginx: the gateway. nginx proxies, this file adds the token.
--
--     access_by_lua_block { require "equinix.nginx".authorize(client) }
--     log_by_lua_block    { require "equinix.nginx".log(client) }
--     proxy_pass https://api.equinix.com;
--
-- Law of this file: what the caller sent as Authorization never goes on, and
-- a request without a token never does. With a cached token a request costs
-- one look into the cache. The caller learns that there is no token; the
-- reason is for the error log only.

local M = {}

local RETRY_AFTER = 5 -- seconds, where the error names none
local MAX_RETRY_AFTER = 3600

-- RFC 9457.
local BODY = '{"type":"about:blank","title":"Service Unavailable",'
  .. '"status":503,"detail":"The gateway has no token for the API now."}\n'

-- Whole seconds, as the header wants them.
local function retry_after(seconds)
  return ("%d"):format(math.min(MAX_RETRY_AFTER,
    math.max(1, math.ceil(seconds or RETRY_AFTER))))
end

local function refuse(err)
  ngx.log(ngx.ERR, "equinix gateway: no token: ", tostring(err))
  ngx.status = ngx.HTTP_SERVICE_UNAVAILABLE
  ngx.header["Content-Type"] = "application/problem+json"
  ngx.header["Content-Length"] = #BODY
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["Retry-After"] = retry_after(err.retry_after)
  ngx.print(BODY)
  return ngx.exit(ngx.HTTP_OK) -- of this whole request
end

--- For access_by_lua: sets Authorization, whatever the caller sent, or ends
--- the request with 503, a JSON body (RFC 9457) and Retry-After.
---@param client equinix.Client
function M.authorize(client)
  local header, err = client:authorization()
  if not header then
    return refuse(err)
  end
  ngx.req.set_header("Authorization", header)
end

--- For log_by_lua: when the API answered 401, the token that was sent is
--- refused for all workers, and the next request renews it; unless it is a few
--- seconds old, or five were renewed within a minute: any caller can request a
--- path that answers 401. The 401 itself has gone to the caller.
---@param client equinix.Client
function M.log(client)
  -- One status for each upstream that was tried: "502, 401 : 200".
  local statuses = ngx.var.upstream_status
  if not statuses or statuses == "200" -- which needs no search
    or not statuses:find("401", 1, true) then
    return
  end
  local sent = ngx.var.http_authorization
  if sent then
    client:unauthorized(sent)
  end
end

return M
