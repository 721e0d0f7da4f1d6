--- rest: the capability as an HTTP API. Request table in, response table out;
--- no I/O but the service's.
--
-- Law of this file: what came over the wire is checked here, from the outside
-- in: who may come in, is there such a path, that method, that type, is it
-- JSON. Whatever is wrong, the answer is JSON (RFC 9457), and nothing that is
-- answered may be kept by anybody on its way (no-store).

local door = require "equinix.service.access"
local json = require "equinix.base.json"
local metrics = require "equinix.service.metrics"
local openapi = require "equinix.service.openapi"
local problem = require "equinix.http.problem"
local published = require "equinix.oauth.operations"
local version = require "equinix.base.version"

local M = {}

local MAX_BODY = 1024 * 1024 -- bytes

local JSON = "application/json"
local PROBLEM = "application/problem+json"
local TEXT = "text/plain; version=0.0.4; charset=utf-8" -- Prometheus'

---@class equinix.adapter.Request
---@field method string
---@field path string as it came, without the query
---@field query? string raw
---@field headers table<string, string> names in lower case
---@field body string
---@field remote? string address of the caller
---@field own? boolean set here: it was answered with the service's own token

---@class equinix.adapter.Response
---@field status integer
---@field headers table<string, string>
---@field body string

---@class equinix.adapter.Rest
---@field service equinix.Service
---@field client equinix.Client
---@field metrics equinix.Metrics
---@field door equinix.Door
---@field operations table<string, equinix.operations.Operation> by path
---@field document string the OpenAPI document
local Rest = {}
Rest.__index = Rest

local function respond(status, content_type, body, headers)
  headers = headers or {}
  headers["Content-Type"] = content_type
  headers["Cache-Control"] = "no-store"
  return { status = status, headers = headers, body = body }
end

local function refuse(status, detail, headers)
  return respond(status, PROBLEM,
    assert(json.encode(problem.new(status, detail))), headers)
end

-- What there is to read. -----------------------------------------------------

-- The service runs: that is all.
local function healthz()
  return respond(200, JSON, '{"status":"ok"}')
end

-- It can give a token. Whoever asks when there is none has one requested, so
-- that a service nobody used yet becomes ready.
local function readyz(self)
  local header, reason = self.client:authorization()
  if header then
    return respond(200, JSON, '{"status":"ready"}')
  end
  local _, headers, object = problem.of(reason, true)
  object.status, object.title = 503, problem.title(503)
  return respond(503, PROBLEM, assert(json.encode(object)), headers), reason
end

local function show_metrics(self)
  return respond(200, TEXT, self.metrics:text(self.service))
end

local function document(self)
  return respond(200, JSON, self.document)
end

local READABLE = {
  ["/healthz"] = healthz,
  ["/readyz"] = readyz,
  ["/metrics"] = show_metrics,
  ["/openapi.json"] = document,
}

local function operations_of(capability)
  local operations = {}
  for _, operation in ipairs((capability or published).operations) do
    operations[operation.path] = operation
  end
  return operations
end

-- The operations. ------------------------------------------------------------

-- "application/json; charset=utf-8", and types that end in "+json".
local function is_json(content_type)
  local media = (content_type or ""):match "^%s*([^;%s]+)"
  media = media and media:lower() or ""
  return media == JSON or media:find "^application/[%w.%-]+%+json$" ~= nil
end

local NOTHING = {}

-- The body's members and its text: none and nil when it is empty.
local function read(request)
  local text = request.body
  if #text > MAX_BODY then
    return nil, refuse(413, "A body may have 1 MiB at most.")
  elseif text == "" or not text:find "%S" then
    return NOTHING
  elseif not is_json(request.headers["content-type"]) then
    return nil, refuse(415, "Send JSON, with Content-Type: application/json; "
      .. "an empty body needs none.", { Accept = JSON })
  end
  local fields = json.decode(text)
  -- An array decodes to a table as well.
  if type(fields) ~= "table" or not text:find "^%s*{" then
    return nil, refuse(400, "The body must be a JSON object (or empty).")
  end
  return fields, text
end

local function copy(headers)
  local all = {}
  for name, value in pairs(headers) do
    all[name] = value
  end
  return all
end

local function operate(self, operation, request)
  local fields, text = read(request)
  if not fields then
    return text
  end
  -- Its context is what it asks for of the headers, and only when it does.
  local answer = self.service:call(operation.name, fields, text,
    request.headers)
  -- The service gives many callers the same answer, so they get the same
  -- response as well.
  if answer ~= self.last then
    self.last = answer
    self.response = respond(answer.status, answer.problem and PROBLEM or JSON,
      answer.body, copy(answer.headers))
  end
  request.own = answer == self.service:again()
  return self.response, answer.problem
end

-- All of it. -----------------------------------------------------------------

local function wrong_method(allow)
  return refuse(405, "This path takes " .. allow .. ".", { Allow = allow })
end

local function route(self, request)
  local path, method = request.path, request.method
  local operation, show = self.operations[path], READABLE[path]
  if operation then
    if method ~= operation.method then
      return wrong_method(operation.method)
    end
    return operate(self, operation, request)
  elseif not show then
    return refuse(404, "There is nothing here; /openapi.json says what "
      .. "there is.")
  elseif method ~= "GET" and method ~= "HEAD" then
    return wrong_method "GET, HEAD"
  end
  return show(self)
end

--- The response to a request table that was answered before, where the answer
--- was the service's own token and is that still. Who may come in is asked as
--- ever.
---@param request equinix.adapter.Request
---@return equinix.adapter.Response|nil response to be read only
function Rest:again(request)
  if request.own and not self.door:check(request)
    and self.service:again() == self.last then
    return self.response
  end
  return nil
end

--- Answers a request.
---@param request equinix.adapter.Request
---@return equinix.adapter.Response response to be read only
---@return equinix.Error|nil reason of a refusal, for the log and nobody else
function Rest:handle(request)
  local refusal = self.door:check(request)
  if refusal then
    return refusal
  end
  return route(self, request)
end

--- All paths there are.
---@param capability? table
---@return string[]
function M.paths(capability)
  local paths = {}
  for path in pairs(READABLE) do
    paths[#paths + 1] = path
  end
  for path in pairs(operations_of(capability)) do
    paths[#paths + 1] = path
  end
  table.sort(paths)
  return paths
end

--- Makes the API.
---@param options {service: equinix.Service, client: equinix.Client,
---  capability?: table, auth_token?: string, allowed_hosts?: string[],
---  metrics?: equinix.Metrics}
---@return equinix.adapter.Rest
function M.new(options)
  local capability = options.capability or published
  return setmetatable({
    service = options.service,
    client = options.client,
    operations = operations_of(capability),
    metrics = options.metrics or metrics.new(),
    door = door.new(options),
    document = assert(json.encode(openapi.document(capability, version,
      options.auth_token ~= nil))),
  }, Rest)
end

return M
