--- rest: the capability as an HTTP API. Request table in, response table out;
--- no I/O of its own.
--
-- Law of this file: what came over the wire is checked here, from the outside
-- in: access, path, method, and only then the body: media type, JSON. Whatever
-- is wrong, the response is JSON (RFC 9457), and no response may be cached on
-- its way (no-store). Probes are answered without a check, since what sends
-- them has no auth token and another name for this machine; so they say yes or
-- no, and nothing else.

local access = require "equinix.service.access"
local builtin = require("equinix.base.lazy") "equinix.capability.builtin"
local core = require "equinix.core"
local exposed = require "equinix.service.exposed"
local exposed_route = require "equinix.service.exposed.route"
local json = require "equinix.base.json"
local media_type = require "equinix.http.media_type"
local metrics = require "equinix.service.metrics"
local openapi = require "equinix.service.openapi"
local own_request = require "equinix.service.own_request"
local paths = require "equinix.service.paths"
local problem = require "equinix.http.problem"
local published = require "equinix.oauth.operations"
local router = require "equinix.service.exposed.router"
local status_page = require "equinix.service.status"
local tables = require "equinix.base.table"

local M = {}

local MAX_BODY = 1024 * 1024 -- bytes

local JSON = "application/json"
local PROBLEM = problem.MEDIA_TYPE
local refuse = problem.response

---@class equinix.service.HttpRequest
---@field method string
---@field path string as it came, without the query
---@field query? string raw
---@field headers table<string, string> names in lower case
---@field body string|fun(): string|nil, equinix.service.HttpResponse|nil a
---  function reads it: what is refused before costs no reading
---@field remote? string address of the caller
---@field own? boolean set here: it was answered with the service's own token
---@field route? string set here: the path of the route, with its variables

---@class equinix.service.HttpResponse
---@field status integer
---@field headers table<string, string>
---@field body string
---@field more? {[1]: string, [2]: string}[] further headers
---@field note? equinix.problem.Note why it is no success; for the log

---@class equinix.service.Rest
---@field service equinix.Service
---@field client equinix.Client
---@field metrics equinix.Metrics
---@field hour? equinix.status.Hour
---@field access equinix.Access
---@field router equinix.exposed.Router leads to the token's operations, and to
---  routes
---@field private calls equinix.service.Exposed
---@field private plan table
---@field private version string
---@field private guarded boolean
---@field private has_page boolean no route has the path of the status page
---@field private document? string the OpenAPI document
---@field private last? equinix.service.Response of the service, the last one
---@field private probing integer probes that wait for a token
---@field private unready? boolean what the last probe was answered
---@field private probed? number when, on core.now()
---@field private response? equinix.service.HttpResponse made of `last`
local Rest = {}
Rest.__index = Rest

local function respond(status, content_type, body, headers)
  headers = headers or {}
  headers["Content-Type"] = content_type
  headers["Cache-Control"] = "no-store"
  return { status = status, headers = headers, body = body }
end

-- Monitoring -----------------------------------------------------------------

-- The service runs: that is all.
local function healthz()
  return respond(200, JSON, '{"status":"ok"}')
end

local READY = '{"status":"ready"}'
local NOT_READY = '{"status":"not ready"}'

-- Any program may send probes, so no more than these wait: for a token, or to
-- look at what is known of the credentials. The others get the last answer, as
-- long as it is new; where there was none yet, a token in the cache is one.
local PROBES_AT_ONCE = 16
local ANSWER_LIFE = 10 -- seconds

local function seems_ready(self)
  if self.unready == nil then
    return self.client:cached() ~= nil
  end
  return not self.unready and core.now() < self.probed + ANSWER_LIFE
end

-- It can give a token, now and when this one is over. If it has none, this
-- requests one, so that a service that was not used yet becomes ready. The log
-- has the reason, once.
local function readyz(self)
  if self.probing >= PROBES_AT_ONCE then
    local ready = seems_ready(self)
    return respond(ready and 200 or 503, JSON, ready and READY or NOT_READY)
  end
  self.probing = self.probing + 1
  local ok, header, err = pcall(self.client.ready, self.client)
  self.probing = self.probing - 1
  if not ok then
    error(header, 0)
  end
  self.probed = core.now()
  if header then
    self.unready = false
    return respond(200, JSON, READY)
  end
  local known = self.unready
  self.unready = true
  return respond(503, JSON, NOT_READY), not known and err or nil
end

-- A secret that was corrected is in use again before the next renewal, which
-- is the event that says so.
local function look_at_latch(self)
  if self.metrics:latched() and self.client:cached()
    and self.client:ready() then
    self.metrics:unlatch()
  end
end

local function show_metrics(self)
  look_at_latch(self)
  return respond(200, metrics.TYPE, self.metrics:text(self.service))
end

-- Made when it is asked for: with many operations it takes a while.
local function show_document(self)
  self.document = self.document or assert(json.encode(openapi.document(
    self.plan, self.version, self.guarded)))
  return respond(200, JSON, self.document)
end

local READABLE = {
  ["/healthz"] = healthz,
  ["/readyz"] = readyz,
  ["/metrics"] = show_metrics,
  ["/openapi.json"] = show_document,
}

-- The operations -------------------------------------------------------------

local NO_FIELDS = {}

-- The body; "" when it is empty.
local function read_text(request)
  local text, failure = request.body, nil
  if type(text) == "function" then
    text, failure = text()
  end
  if not text then
    return nil, failure
  elseif #text > MAX_BODY then
    return nil, refuse(413, "The body is larger than 1 MiB.", nil,
      "body_too_large")
  elseif text == "" or not text:find "%S" then
    return ""
  elseif not media_type.is_json(request.headers["content-type"]) then
    return nil, refuse(415, "Send JSON, with Content-Type: application/json; "
      .. "an empty body needs no Content-Type.", { Accept = JSON },
      "media_type")
  end
  return text
end

-- The body's members and its text; no members and no text when it is empty.
local function read(request)
  local text, failure = read_text(request)
  if not text then
    return nil, failure
  elseif text == "" then
    return NO_FIELDS
  end
  local fields = json.decode(text)
  -- An array decodes to a table as well.
  if type(fields) ~= "table" or not text:find "^%s*{" then
    return nil, refuse(400, "The body must be a JSON object, or empty.", nil,
      "no_object")
  end
  return fields, text
end

local function operate(self, operation, request)
  local complaint, reason = own_request.http_complaint(request)
  if complaint then
    return refuse(400, complaint, nil, reason)
  end
  local fields, text = read(request)
  if not fields then
    return text
  end
  -- The headers are passed as they are: the service looks up only what it
  -- needs of them.
  local response = self.service:call(operation.name, fields, text,
    request.headers)
  -- The service returns the same table to many callers; so does this.
  if response ~= self.last then
    self.last = response
    self.response = respond(response.status,
      response.err and PROBLEM or JSON, response.body,
      tables.copy(response.headers))
    self.response.note = response.note
  end
  request.own = response == self.service:again()
  return self.response, response.err
end

-- A route of a capability, made when it is first used.
local function made(self, found)
  found.route = found.route or exposed_route.new(found.planned, self.calls,
    paths.template(found.planned.path))
  return found.route
end

-- A route of a capability, with its own inputs.
local function call_route(route, names, segments, request)
  request.route = route.template
  local complaint, reason = own_request.scheme_complaint(
    request.headers.authorization)
  if complaint then
    return refuse(400, complaint, nil, reason)
  end
  local text, failure = read_text(request)
  if not text then
    return failure
  end
  return route:answer(request, names, segments, text)
end

-- All of it ------------------------------------------------------------------

local function wrong_method(allow)
  return refuse(405, "This path allows " .. allow .. ".", { Allow = allow },
    "method")
end

local function route(self, request)
  local path, method = request.path, request.method
  local show = READABLE[path]
  if self.has_page and status_page.is_wanted(request) then
    look_at_latch(self)
    return status_page.answer(self, request)
  elseif not show then
    local entry, segments = self.router:find(path)
    local found = entry and entry.methods[method]
    if not entry then
      return refuse(404, "No such path; /openapi.json lists all of them.",
        nil, "path")
    elseif not found then
      return wrong_method(entry.allow)
    elseif found.planned then
      return call_route(made(self, found), entry.names[method], segments,
        request)
    end
    return operate(self, found, request)
  elseif method ~= "GET" and method ~= "HEAD" then
    return wrong_method "GET, HEAD"
  end
  return show(self)
end

--- The response to a request table that was answered before, if that was the
--- service's own token and still is. Access is checked each time.
---@param request equinix.service.HttpRequest
---@return equinix.service.HttpResponse|nil response to be read only
function Rest:again(request)
  if request.own and not self.access:check(request)
    and self.service:again() == self.last then
    return self.response
  end
  return nil
end

--- Answers a request.
---@param request equinix.service.HttpRequest
---@return equinix.service.HttpResponse response to be read only
---@return equinix.Error|nil err why it was refused, for the log only
function Rest:handle(request)
  local refusal = not paths.PROBES[request.path] and self.access:check(request)
  if refusal then
    return refusal
  end
  return route(self, request)
end

-- Where each route leads: to an operation of the token service, or to a route.
local function router_of(plan)
  local found = router.new()
  for _, planned in ipairs(plan.routes) do
    local token = plan.operations[planned.operation].token
    found:add(planned.method, planned.path, token and published.by_token[token]
      or { planned = planned })
  end
  return found
end

--- Makes the API.
---@param options {service: equinix.Service, client: equinix.Client,
---  version: string, plan?: table, auth_token?: string,
---  allowed_hosts?: string[], metrics?: equinix.Metrics,
---  hour?: equinix.status.Hour,
---  calls?: equinix.service.Exposed, getenv?: fun(name: string): string|nil}
---  version: of this software, as the OpenAPI document shows it; calls: of
---  the plan, where MCP makes the same
---@return equinix.service.Rest
function M.new(options)
  local plan = options.plan or builtin.plan()
  local routes = router_of(plan)
  local root = routes:find(paths.STATUS)
  return setmetatable({
    service = options.service,
    client = options.client,
    router = routes,
    has_page = not (root and (root.methods.GET or root.methods.HEAD)),
    hour = options.hour,
    calls = options.calls or exposed.new(plan, options),
    probing = 0,
    metrics = options.metrics or metrics.new(),
    access = access.new(options),
    plan = plan,
    version = options.version,
    guarded = options.auth_token ~= nil,
  }, Rest)
end

return M
