--- route: one route of a capability, from a request to its response.
--
-- Law of this file: a 2xx of Equinix is passed on byte for byte, or as the
-- capability maps it, with its Location where that is a path of Equinix's;
-- what has no body stays empty; what is no JSON is a 502.
-- Any other status is passed on with its body, which is never mapped.

local error_text = require "equinix.service.mcp.error_text"
local errors = require "equinix.base.error"
local exposed = require "equinix.service.exposed"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local media_type = require "equinix.http.media_type"
local output = require "equinix.service.exposed.output"
local problem = require "equinix.http.problem"
local rest_inputs = require "equinix.service.exposed.rest_inputs"
local retry = require "equinix.http.retry"
local trace = require "equinix.http.traceparent"

local M = {}

local MAX_WAIT = 24 * 3600 -- seconds; a longer Retry-After is not believed

local JSON = "application/json"
-- A page of a gateway must not be a page of this service's.
local TEXT = "text/plain; charset=utf-8"

---@class equinix.exposed.Route
---@field template string its path
---@field private plan table the route, as the plan has it
---@field private inputs equinix.exposed.RestInputs
---@field private constants? table<string, string>
---@field private labels table<string, string>
---@field private calls equinix.service.Exposed
---@field private operation equinix.exposed.Operation
local Route = {}
Route.__index = Route

local function respond(status, content_type, body, headers)
  headers = headers or {}
  headers["Content-Type"] = content_type
  headers["Cache-Control"] = "no-store"
  return { status = status, headers = headers, body = body }
end

local function refuse(err)
  local status, headers, object = problem.of(err, error_text.is_own(err))
  local refusal = respond(status, problem.MEDIA_TYPE,
    assert(json.encode(object)), headers)
  refusal.note = problem.note(err)
  return refusal, err
end

local function not_json(status)
  local _, err = errors.fail("protocol", "Equinix's response is not JSON", {
    code = "not_json",
    status = status,
  })
  return refuse(err)
end

-- A success, byte for byte or mapped.
local function succeed(self, response)
  local body = response.body
  local headers = { Location = exposed.location(response) }
  if body == "" then
    return respond(response.status, JSON, body, headers)
  elseif not self.plan.output then
    if not json.is_valid(json.without_bom(body)) then
      return not_json(response.status)
    end
    return respond(response.status, JSON, body, headers)
  end
  local text = json_text.read(json.without_bom(body))
  if not text then
    return not_json(response.status)
  end
  return respond(response.status, JSON, output.map(self.plan.output, text),
    headers)
end

-- Equinix's refusal, as it is.
local function pass_on(response, err)
  local wait = response.headers["retry-after"]
  local kind = response.headers["content-type"]
  local passed = respond(response.status, media_type.is_json(kind) and JSON
    or TEXT, response.body, {
      ["Retry-After"] = retry.after(wait, os.time(), MAX_WAIT) and wait,
    })
  passed.note = problem.note(err)
  return passed
end

--- Answers a request.
---@param request equinix.service.HttpRequest
---@param names string[] of the path's variables
---@param segments string[] what they stand for
---@param body string
---@return equinix.service.HttpResponse
---@return equinix.Error|nil err why it failed, for the log only
function Route:answer(request, names, segments, body)
  local given, message = self.inputs:read(names, segments, request, body)
  if not given then
    return problem.response(400, message .. ".", nil, "input")
  end
  local values = exposed.values(self.plan.inputs, given, self.constants)
  local traceparent, response, err = request.headers.traceparent
  response, err, message = self.calls:call(self.operation, values,
    self.labels, trace.is_valid(traceparent) and traceparent or nil)
  if message then
    return problem.response(400, message .. ".", nil, "input")
  elseif not err then
    return succeed(self, response)
  elseif response and response.status >= 400 then
    return pass_on(response, err)
  end
  return refuse(err)
end

--- Makes one.
---@param plan table a route of a plan
---@param calls equinix.service.Exposed
---@param template string its path
---@return equinix.exposed.Route
function M.new(plan, calls, template)
  return setmetatable({
    plan = plan,
    template = template,
    inputs = rest_inputs.new(plan.inputs),
    labels = exposed.labels(plan.inputs),
    constants = exposed.constants(plan.constants),
    calls = calls,
    operation = calls.operations[plan.operation],
  }, Route)
end

return M
