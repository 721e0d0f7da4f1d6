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

local access = require "equinix.service.access"
local answer_cache = require "equinix.serve.answer_cache"
local body = require "equinix.serve.body"
local build = require "equinix.service.build"
local callers = require "equinix.serve.callers"
local counters = require "equinix.serve.counters"
local emitter = require "equinix.client.emitter"
local equinix = require "equinix"
local exposed = require "equinix.service.exposed"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local last_hour = require "equinix.service.status.hour"
local log = require "equinix.serve.log"
local mcp = require "equinix.service.mcp"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local metrics = require "equinix.service.metrics"
local own_client = require "equinix.serve.own_client"
local problem = require "equinix.http.problem"
local read_file = require("equinix.base.file").read
local refusals = require "equinix.serve.refusals"
local request_head = require "equinix.serve.request_head"
local request_id = require "equinix.serve.request_id"
local rest = require "equinix.service.rest"
local route_paths = require "equinix.service.paths"
local send = require "equinix.serve.send"
local token_service = require "equinix.service.token_service"

local M = {}

local ngx = ngx -- the one global, given by ngx_lua
local var = ngx.var

local RETRY_AFTER = "1" -- seconds, for a request over a limit of nginx's

local apis -- "rest" and "mcp": what handles their requests
local cache -- of requests to REST
local in_flight -- the requests that wait for something
local recorded -- the metrics
local hour -- what the status page shows of the last hour
-- What the metrics call a path; "/" is the status page of REST only.
local paths = { rest = {}, mcp = { ["/mcp"] = "/mcp", ["/"] = "/mcp" } }

local function is_known(target)
  return (paths.rest[target] or paths.mcp[target]) ~= nil
end

-- The start ------------------------------------------------------------------

local function on_event(name, fields)
  recorded:event(name, fields)
  if hour then
    hour:event(name)
  end
  log.event(name, fields)
end

-- What comes with every request is neither counted nor logged: with a listener
-- for it each of them would cost more.
local function listeners()
  local found = {}
  for name in pairs(emitter.NAMES) do
    found[name] = on_event
  end
  found.request, found.response, found.wait = nil, nil, nil
  return found
end

local function init(directory)
  log.set_path(directory .. "log")
  local settings = assert(json.decode(assert(read_file(directory
    .. "serve.json"))))
  local dict = ngx.shared.equinix_hour
  hour = dict and last_hour.new(dict, ngx.time)
  recorded = metrics.new(counters.new(ngx.shared.equinix,
    hour and function(key, by)
      hour:add(key, by)
    end), build.versions(ngx.config.nginx_version))
  local client = own_client.new(settings, listeners())
  local options = {
    service = token_service.new(client, ngx.time),
    client = client,
    allowed_hosts = settings.allowed_hosts,
    plan = settings.plan,
    exposure = settings.exposure,
    allow = settings.allow,
    metrics = recorded,
    hour = hour,
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
  for _, path in ipairs(route_paths.logged(settings.plan)) do
    paths.rest[path] = path
  end
  options.calls = settings.plan and exposed.new(settings.plan, options)
  apis = { rest = rest.new(options), mcp = mcp.new(options) }
  cache = answer_cache.new(apis.rest, request_head.shared_headers)
  in_flight = callers.new(ngx.now)
end

--- Reads the settings that the command wrote and makes the APIs: before nginx
--- starts its workers, so that they share the token, and again at a reload, so
--- that the auth token may change. All that this makes is kept, so collecting
--- meanwhile would only cost time; where it fails, nginx drops this Lua.
---@param directory string the private directory, with a slash at its end
function M.init(directory)
  collectgarbage "stop"
  init(directory)
  collectgarbage "restart"
end

-- Handling -------------------------------------------------------------------

local function problem_response(status, detail, headers, reason)
  local response = problem.response(status, detail, headers, reason)
  response.body = response.body .. "\n"
  return response
end

-- A request whose caller hangs up goes on: others may wait for what it does.
-- The transport looks at this mark before it sends anything for it.
local function hung_up()
  ngx.ctx.equinix_hung_up = true
end

local NO_MEMORY = "The service has no memory left for this; try again."

-- After a mistake in our code the caller gets a problem, not a page of
-- nginx's, and what was raised goes to the log only.
local function handle(face, request)
  ngx.on_abort(hung_up)
  local ok, response, err = pcall(apis[face].handle, apis[face], request)
  if not ok and memory.is(response) then
    response, err = problem_response(503, NO_MEMORY), memory.error()
  end
  if not ok and not err then
    log.write("error", "internal_error", { face = face,
      message = tostring(response), request_id = request_id.current() })
    return problem_response(500, "Internal error; see the service log.", nil,
      "internal_error")
  elseif err then
    recorded:failure(err)
    log.refused(face, err, request_id.current())
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
      { Connection = "close" }, "too_slow")
  end
end

-- A request that may wait: for its body, or for a token.
local function handle_in_place(face, request)
  local has_body = body.is_sent()
  local place = in_flight:enter(var.binary_remote_addr)
  local response
  if not place then
    response = problem_response(503, TOO_MANY,
      { ["Retry-After"] = RETRY_AFTER }, "too_many")
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
  var.equinix_route = json_text.value(request.route):gsub("\\/", "/")
  return request.route
end

local function finish(face, request, response)
  local path = paths[face][request.path] or name_route(request)
  recorded:request(face, path, response.status,
    ngx.now() - ngx.req.start_time())
  local id = (response.note or not request.own or request_id.is_sent())
    and request_id.note(response.note) or nil
  return send.response(response, id)
end

-- A request of which nothing like it is ever stored.
local function handle_other(face)
  request_head.drop_conditions()
  local request = request_head.read(is_known)
  return finish(face, request, handle_in_place(face, request))
end

-- A request to REST of which nothing like it was answered before.
local function handle_rest(head)
  local conditional = request_head.drop_conditions()
  local key = var.request_key
  local request, response = cache:get(key)
  if not response then
    request = request or request_head.read(is_known)
    response = handle_in_place("rest", request)
    cache:add(key, request)
  end
  if not conditional and not request_id.is_sent() then
    cache:add_head(head, key)
  end
  return finish("rest", request, response)
end

-- The head of a request that may be stored. All that is stored is for POST; a
-- request of HTTP/0.9, which has no head, is a GET.
local function head_to_store()
  return ngx.req.get_method() == "POST" and ngx.req.raw_header() or nil
end

--- Handles a request to REST (content_by_lua). A response from the cache is
--- sent without a pcall, which LuaJIT can't compile.
function M.rest()
  local head = head_to_store()
  if not head then
    return handle_other "rest"
  end
  local request, response = cache:same(head)
  if response then
    return finish("rest", request, response)
  end
  return handle_rest(head)
end

--- Answers a request to REST that came before (set_by_lua); for a path of the
--- token. It takes no time that could be counted, and to call ngx.now() would
--- keep LuaJIT from compiling it; so would `same(raw_header())`, in one line.
---@return string body "" where a handler has to answer
function M.again()
  if ngx.req.get_method() ~= "POST" then
    return ""
  end
  local head = ngx.req.raw_header()
  local request, response = cache:same(head)
  if not response or not paths.rest[request.path] then
    return ""
  end
  recorded:request("rest", request.path, response.status, 0)
  return send.by_return(response)
end

--- Handles a request to REST that `again` did not answer (content_by_lua).
function M.rest_new()
  local head = head_to_store()
  if not head then
    return handle_other "rest"
  end
  return handle_rest(head)
end

--- Handles a request to MCP (content_by_lua).
function M.mcp()
  return handle_other "mcp"
end

--- Handles a probe (content_by_lua): it takes no place and its body is not
--- read.
function M.probe()
  request_head.drop_conditions()
  local request = request_head.read(is_known)
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
  local response = problem_response(status, refusals.detail(status), headers,
    refusals.reason(status))
  return send.response(response, request_id.note(response.note))
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
