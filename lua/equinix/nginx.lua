--- nginx: the gateway. nginx proxies, this file adds the token.
--
--     map "" $equinix_authorization { default ""; }         # http
--     init_worker_by_lua_block { require "equinix.nginx".start(client) }
--     rewrite_by_lua_block { require "equinix.nginx".authorize(client) }
--     proxy_set_header Authorization $equinix_authorization;
--     log_by_lua_block { require "equinix.nginx".log(client) }
--     content_by_lua_block { require "equinix.nginx".metrics(client) }
--
-- Law of this file: what the caller sent as Authorization never goes on to the
-- API, and our token goes nowhere else. So the token is in a variable, which
-- is empty until authorize() has set it, and never among the headers of the
-- request, which nginx copies into subrequests. Where authorize() does not run
-- (the access phase does not in subrequests, nor always under `satisfy any`)
-- nothing is sent as Authorization. With a cached token a request costs one
-- look into the cache. The caller learns that there is no token; the reason is
-- for the error log only, and in few lines however many requests there are.

local lazy = require "equinix.base.lazy"
local log_limit = require "equinix.base.log_limit"
local memory = require("equinix.base.lazy") "equinix.base.memory"

-- What only metrics() needs.
local build = lazy "equinix.service.build"
local metrics = lazy "equinix.service.metrics"
local token_service = lazy "equinix.service.token_service"

local M = {}

local VARIABLE = "equinix_authorization"
local RETRY_AFTER = 5 -- seconds, where the error names none
local MAX_RETRY_AFTER = 3600

-- RFC 9457.
local PROBLEM = '{"type":"about:blank","title":"%s","status":%d,'
  .. '"detail":"%s"}\n'
local NO_TOKEN = PROBLEM:format("Service Unavailable", 503,
  "The gateway has no token for the API now.")
local NO_SETUP = PROBLEM:format("Internal Server Error", 500,
  "The gateway is not set up; its error log says what is missing.")

local NO_VARIABLE = "the token goes to the API in a variable, and there is "
  .. "none: write `map \"\" $%s { default \"\"; }` in the http part of "
  .. "nginx.conf and `proxy_set_header Authorization $%s;` in each location "
  .. "that proxies to the API"
local SHARED_VARIABLE = "this subrequest and its request are authorized by "
  .. "different clients, and they share the variable $%s: give authorize() "
  .. "and log() of one of them the name of another variable"

-- What this worker knows of a client that authorizes.
---@class equinix.nginx.Client
---@field refused equinix.LogLimit
---@field header? string the last one that was served
---@field older? string the one before

---@type table<equinix.Client, equinix.nginx.Client>
local clients = setmetatable({}, { __mode = "k" })

local function known(client)
  local state = clients[client]
  if not state then
    state = { refused = log_limit.new() }
    clients[client] = state
  end
  return state
end

-- Whole seconds, as the header wants them.
local function retry_after(seconds)
  return ("%d"):format(math.min(MAX_RETRY_AFTER,
    math.max(1, math.ceil(seconds or RETRY_AFTER))))
end

-- Ends the request, or the subrequest: what ngx_lua prints in one does not
-- always come out in its place.
local function finish(status, body)
  if ngx.is_subrequest then
    return ngx.exit(status)
  end
  ngx.status = status
  ngx.header["Content-Type"] = "application/problem+json"
  ngx.header["Content-Length"] = #body
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(body)
  return ngx.exit(ngx.HTTP_OK) -- of this whole request
end

-- A line for the error log, unless there were enough of its kind.
local function complain(client, kind, text)
  local left_out = known(client).refused:note(kind, ngx.now())
  if left_out then
    ngx.log(ngx.ERR, "equinix gateway: ", text, left_out > 0
      and (" (%d more since the last such line)"):format(left_out) or "")
  end
end

local function refuse(client, err)
  complain(client, err.kind .. " " .. tostring(err.code or err.status),
    "no token: " .. tostring(err))
  ngx.header["Retry-After"] = retry_after(err.retry_after)
  return finish(ngx.HTTP_SERVICE_UNAVAILABLE, NO_TOKEN)
end

local function refuse_setup(client, text)
  complain(client, text, text)
  return finish(ngx.HTTP_INTERNAL_SERVER_ERROR, NO_SETUP)
end

local function note_end(client)
  local count = known(client).refused:over(ngx.now())
  if count then
    ngx.log(ngx.WARN, "equinix gateway: there is a token again; ", count,
      " requests of this worker were refused")
  end
end

local function set(name, header)
  ngx.var[name] = header
end

-- A subrequest of nginx's own shares its variables with the request, which may
-- still need what is there.
local function is_foreign(state, value)
  return value and value ~= "" and value ~= state.header
    and value ~= state.older
end

--- For rewrite_by_lua: sets the variable that `proxy_set_header Authorization`
--- names, or ends the request with 503, a JSON body (RFC 9457) and
--- Retry-After. In access_by_lua, too, where it ends the block and says
--- nothing about access, so that `satisfy any` lets in no caller for it; but
--- nginx does not run that phase in subrequests.
---@param client equinix.Client
---@param variable? string its name, where one nginx has several clients;
---  default: equinix_authorization
function M.authorize(client, variable)
  local header, err = client:authorization()
  if not header then
    return refuse(client, err)
  end
  local state, name = known(client), variable or VARIABLE
  if state.header ~= header then
    state.header, state.older = header, state.header
  end
  if ngx.is_subrequest and is_foreign(state, ngx.var[name]) then
    return refuse_setup(client, SHARED_VARIABLE:format(name))
  elseif not memory.pcall(set, name, header) then
    return refuse_setup(client, NO_VARIABLE:format(name, name))
  end
  if state.refused.total > 0 then
    note_end(client)
  end
  if ngx.get_phase() == "access" then
    return ngx.exit(ngx.DECLINED)
  end
end

--- For log_by_lua: when the API answered 401, the token that was sent is
--- refused for all workers, and the next request renews it; unless it is a few
--- seconds old, or five were renewed within a minute: any caller can request a
--- path that answers 401. The 401 itself has gone to the caller.
---@param client equinix.Client
---@param variable? string as for authorize
function M.log(client, variable)
  -- One status for each upstream that was tried: "502, 401 : 200".
  local statuses = ngx.var.upstream_status
  if not statuses or statuses == "200" -- which needs no search
    or not statuses:find("401", 1, true) then
    return
  end
  local sent = ngx.var[variable or VARIABLE]
  if sent and sent ~= "" then
    client:unauthorized(sent)
  end
end

--- For init_worker_by_lua: what this worker can't do is in the error log when
--- it starts, not when the first request comes. It reads the secret file as
--- the user of the workers, and fetches the first token at the side, one for
--- all workers.
---@param client equinix.Client
function M.start(client)
  local ok, err = client:prepare()
  if not ok then
    ngx.log(ngx.EMERG, "equinix: this worker can fetch no token: ",
      tostring(err), "; nginx's workers run as the `user` of nginx.conf, "
        .. "which has to be able to read it")
    return
  end
  local set_up, message = ngx.timer.at(0, function(premature)
    if premature then
      return
    end
    local token, failure = client:token()
    if not token then
      ngx.log(ngx.ERR, "equinix: no token at the start: ",
        tostring(failure))
    end
  end)
  if not set_up then
    ngx.log(ngx.ERR, "equinix: no token is fetched before the first request: ",
      message)
  end
end

-- At the side: what asks for metrics does not wait for a token.
local function fetch(client)
  local set_up, message = ngx.timer.at(0, function(premature)
    if not premature then
      client:token() -- what fails is an event, and the next 503 says it
    end
  end)
  if not set_up then
    complain(client, "timer", "no token is fetched: " .. message)
  end
end

--- For content_by_lua: the gateway's metrics, for Prometheus: whether it has a
--- token to send, the token's life, and what was counted. Where the token is
--- due, or over since no request came for long, this fetches the next one at
--- the side, so a gateway that is looked at is not without a token for that
--- reason.
---@param client equinix.Client
function M.metrics(client)
  if not client:cached() then
    fetch(client)
  end
  local service = token_service.new(client)
  local _, left = service:life()
  local body = metrics.of_gateway(service,
    build.versions(ngx.config.nginx_version),
    not client:renews() or (left or 0) > 0)
  ngx.header["Content-Type"] = metrics.TYPE
  ngx.header["Content-Length"] = #body
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(body)
end

return M
