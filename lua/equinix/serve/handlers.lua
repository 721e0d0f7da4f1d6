--- handlers: the service inside nginx.
--
-- Law of this file: I/O only. A request is read, REST or MCP make a response
-- of it, and that is sent.

local has_core, load_error = pcall(require, "equinix.core")
if not has_core then
  error("nginx runs LuaJIT, but equinix.core is not built for LuaJIT: run "
    .. "make with LuaJIT's headers installed, or luarocks --lua-version=5.1 "
    .. "make (" .. tostring(load_error):match "^[^\n]*" .. ")", 0)
end

local lower = require("equinix.base.text").lower
local access = require "equinix.service.access"
local answer_cache = require "equinix.serve.answer_cache"
local body = require "equinix.serve.body"
local callers = require "equinix.serve.callers"
local counters = require "equinix.serve.counters"
local equinix = require "equinix"
local exposed = require "equinix.service.exposed"
local json = require "equinix.base.json"
local log = require "equinix.serve.log"
local mcp = require "equinix.service.mcp"
local metrics = require "equinix.service.metrics"
local problem = require "equinix.http.problem"
local read_file = require("equinix.base.file").read
local refusals = require "equinix.serve.refusals"
local rest = require "equinix.service.rest"
local send = require("equinix.serve.send").response
local token_service = require "equinix.service.token_service"

local M = {}

local ngx = ngx -- the one global, given by ngx_lua
local var = ngx.var

local RETRY_AFTER = "1" -- seconds, for a request over a limit of nginx's

local apis -- "rest" and "mcp": what handles their requests
local cache -- of requests to REST
local in_flight -- the requests that wait for something
local recorded -- the metrics
local paths = { rest = {}, mcp = { ["/mcp"] = true, ["/"] = true } }
local SharedHeaders

-- The start ------------------------------------------------------------------

local function on_event(name, fields)
  recorded:event(name, fields)
  log.event(name, fields)
end

local function new_client(settings)
  local options = settings.client
  options.on_event = on_event
  options.store = settings.store and equinix.store.file {} or nil
  options.user_agent = "equinix-auth"
  local client, err = equinix.new(options)
  if not client then
    error(err.message, 0)
  end
  -- The token's slot is opened before nginx starts its workers: that takes the
  -- secret, and a file with it may be gone when the workers need the token
  -- that is in the slot. Without the secret nginx does not start.
  local ok, prepare_err = client:prepare()
  if not ok then
    error(prepare_err.message, 0)
  end
  return client
end

--- Reads the settings that the command wrote and makes the APIs: before nginx
--- starts its workers, so that they share the token, and again at a reload, so
--- that the auth token may change.
---@param directory string the private directory, with a slash at its end
function M.init(directory)
  log.set_path(directory .. "log")
  local settings = assert(json.decode(assert(read_file(directory
    .. "serve.json"))))
  recorded = metrics.new(counters.new(ngx.shared.equinix))
  local client = new_client(settings)
  local options = {
    service = token_service.new(client, ngx.time),
    client = client,
    allowed_hosts = settings.allowed_hosts,
    plan = settings.plan,
    exposure = settings.exposure,
    allow = settings.allow,
    metrics = recorded,
    dictionary = ngx.shared.equinix,
    now = ngx.now,
    version = equinix._VERSION,
    log = function(message)
      log.write("error", "refused", { face = "mcp", message = message })
    end,
  }
  if settings.auth_token_file then
    local token, message = access.read_token(settings.auth_token_file)
    if not token then
      error(message, 0)
    end
    options.auth_token = token
  end
  for _, path in ipairs(rest.paths(settings.plan)) do
    paths.rest[path] = true
  end
  options.calls = settings.plan and exposed.new(settings.plan, options)
  apis = { rest = rest.new(options), mcp = mcp.new(options) }
  cache = answer_cache.new(apis.rest, SharedHeaders)
  in_flight = callers.new(ngx.now)
end

-- Reading a request ----------------------------------------------------------

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

-- The headers of the current request, for a table that many requests share.
SharedHeaders = {
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

-- Responses have no versions that a condition could be about (RFC 9110,
-- section 13.1), but nginx would check conditions, even empty ones, when it
-- sends our response, and send a page of its own instead. No loop: see
-- serve/send. True where there was one.
local function drop_conditions()
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

-- All but the body. nginx makes sure that there is exactly one Host.
local function read_request()
  local uri = var.request_uri
  local path, query = uri, nil
  if not paths.rest[uri] and not paths.mcp[uri] then
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

-- Handling -------------------------------------------------------------------

local function problem_response(status, detail, headers)
  local response = problem.response(status, detail, headers)
  response.body = response.body .. "\n"
  return response
end

-- A request whose caller hangs up goes on: others may wait for what it does.
-- The transport looks at this mark before it sends anything for it.
local function hung_up()
  ngx.ctx.equinix_hung_up = true
end

-- After a mistake in our code the caller gets a problem, not a page of
-- nginx's, and what was raised goes to the log only.
local function handle(face, request)
  ngx.on_abort(hung_up)
  local ok, response, err = pcall(apis[face].handle, apis[face], request)
  if not ok then
    log.write("error", "internal_error", { face = face,
      message = tostring(response) })
    return problem_response(500, "Internal error; see the service log.")
  elseif err then
    recorded:failure(err)
    log.refused(face, err)
  end
  return response
end

local TOO_MANY = "Too many requests of your address wait for an answer; try "
  .. "again later."

-- Lets the API read the body, once it wants to: access is checked before.
local function with_body(request, place)
  request.body = function()
    request.body = body.read(in_flight, place)
    if request.body then
      return request.body
    end
    return nil, problem_response(408, refusals.TOO_SLOW,
      { Connection = "close" })
  end
end

-- A request that may wait: for its body, or for a token.
local function handle_in_place(face, request)
  local has_body = body.is_sent()
  local place = in_flight:enter(var.binary_remote_addr)
  local response
  if not place then
    response = problem_response(503, TOO_MANY,
      { ["Retry-After"] = RETRY_AFTER })
  else
    if has_body then
      with_body(request, place)
    end
    response = handle(face, request)
    in_flight:leave(place)
  end
  if has_body and type(request.body) ~= "string" then
    ngx.req.discard_body()
  end
  return response
end

-- The route of a capability that a request was for, for the metrics and the
-- access log.
local function name_route(request)
  if not request.route then
    return "other"
  end
  var.equinix_route = request.route
  return request.route
end

local function finish(face, request, response)
  local path = paths[face][request.path] and request.path
    or name_route(request)
  recorded:request(face, path, response.status,
    ngx.now() - ngx.req.start_time())
  return send(response)
end

-- A request to REST of which nothing like it was answered before.
local function handle_rest(head)
  local conditional = drop_conditions()
  local key = var.request_key
  local request, response = cache:get(key)
  if not response then
    request = request or read_request()
    response = handle_in_place("rest", request)
    cache:add(key, request)
  end
  if head and not conditional then
    cache:add_head(head, key)
  end
  return finish("rest", request, response)
end

--- Handles a request to REST (content_by_lua). A response from the cache is
--- sent without a pcall, which LuaJIT can't compile. All that is stored is for
--- POST; a request of HTTP/0.9, which has no head, is a GET.
function M.rest()
  if ngx.req.get_method() ~= "POST" then
    return handle_rest()
  end
  local head = ngx.req.raw_header()
  local request, response = cache:same(head)
  if response then
    return finish("rest", request, response)
  end
  return handle_rest(head)
end

--- Handles a request to MCP (content_by_lua).
function M.mcp()
  drop_conditions()
  local request = read_request()
  return finish("mcp", request, handle_in_place("mcp", request))
end

--- Handles a probe (content_by_lua): it takes no place and its body is not
--- read.
function M.probe()
  drop_conditions()
  local request = read_request()
  local response = handle("rest", request)
  if body.is_sent() then
    ngx.req.discard_body()
  end
  return finish("rest", request, response)
end

-- Requests that nginx itself refuses -----------------------------------------

local function refused_by_nginx(face)
  local status = refusals.status(ngx.status)
  local headers = {}
  if status == 405 then
    headers.Allow = face == "mcp" and "POST" or "GET, HEAD, POST"
  elseif status == 429 then
    headers["Retry-After"] = RETRY_AFTER
  end
  recorded:request(face, "other", status, 0)
  return send(problem_response(status, refusals.detail(status),
    headers))
end

--- Sends the problem in place of nginx's page, for REST.
function M.rest_refused()
  return refused_by_nginx "rest"
end

--- The same for MCP.
function M.mcp_refused()
  return refused_by_nginx "mcp"
end

return M
