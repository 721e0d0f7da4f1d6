--- exposed: calls the operations of a capability with the service's own token.
--
-- Law of this file: every call goes the same road as an agent's
-- (mcp/request_tool): the path is safe, and so is that of each redirect; a
-- response that repeats the token is not passed on. What Equinix answers is
-- the caller's, whatever its status is.

local echo_guard = require "equinix.service.echo_guard"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local needs = require "equinix.capability.needs"
local operation = require "equinix.service.exposed.operation"
local safe_path = require "equinix.http.safe_path"

local M = {}

local NOTHING = {}

---@class equinix.service.Exposed
---@field operations equinix.exposed.Operation[] as in the plan
---@field private client equinix.Client
---@field private guard equinix.service.EchoGuard
---@field private header? string the last one
---@field private token? string in it
local Exposed = {}
Exposed.__index = Exposed

local function follows(url)
  return safe_path.is_safe(safe_path.of_url(url))
end

-- Where what was made is: a path of the same origin; nil where the response
-- does not say, or says what is not safe to call.
local function location_of(response)
  local url = response.headers.location
  url = url and response.url and core.url_join(response.url, url)
  local from, to = url and core.url(response.url), url and core.url(url)
  local path = to and from.origin == to.origin and safe_path.of_url(url)
  return path and not url:find "[?#]" and safe_path.is_safe(path) and path
    or nil
end

local function is_echo(self, path, token, response, err)
  local text = response and response.body or ""
  if err then
    text = text .. "\n" .. err.message
  end
  if response and response.status ~= 200 and response.headers.location then
    text = text .. "\n" .. response.headers.location
  end
  return self.guard:sees(path, token, text)
end

-- The token of a header, which is the same for many calls.
local function token_of(self, header)
  if header ~= self.header then
    self.header, self.token = header, header:match "^%S+ (.+)$"
  end
  return self.token
end

local SHORT = { follow = follows }

-- What has no place but a path that is always the same is sent the short way.
local function send(self, called, request, traceparent)
  if called.is_short and not request.query and not traceparent then
    return self.client:get(request.path, SHORT)
  end
  request.headers.traceparent = traceparent
  request.follow = follows
  return self.client:request(request)
end

local function repeats()
  return errors.fail("protocol", echo_guard.MESSAGE, { code = "token_echo" })
end

--- Sends one call.
---@param called equinix.exposed.Operation
---@param values table<string, string> JSON by the input's name
---@param labels? table<string, string> what the caller calls the inputs
---@param traceparent? string
---@return equinix.Response|nil response of Equinix, of any status but 3xx
---@return equinix.Error|nil err also beside a response that is no success
---@return string|nil message what is wrong with the values: nothing was sent
function Exposed:call(called, values, labels, traceparent)
  local request, message = called:request(values, labels)
  if not request then
    return nil, nil, message
  elseif self.guard:knows(request.path) then
    return repeats()
  end
  local header, err = self.client:authorization()
  if not header then
    return nil, err
  end
  local response
  local token = token_of(self, header)
  response, err = send(self, called, request, traceparent)
  if err and err.code ~= "redirect" then
    response = err.response
  end
  if is_echo(self, request.path, token, response or err.response, err) then
    return repeats()
  end
  return response, err
end

--- Where a response says that it is what was made; a 200 is about what it has
--- in it, so its headers are not even read.
---@param response equinix.Response
---@return string|nil path of the API
function M.location(response)
  return response.status ~= 200 and response.headers.location
    and location_of(response) or nil
end

--- What a route or a tool sets without its caller.
---@param constants? table<string, any>
---@return table<string, string>|nil JSON by the input's name; nil: nothing
function M.constants(constants)
  local texts = operation.constants(constants)
  return next(texts) and texts or nil
end

--- The values of an operation's inputs, from those of a caller.
---@param inputs table[] of a route or a tool
---@param given table<string, string> JSON by the caller's names
---@param constants? table<string, string>
---@return table<string, string>
function M.values(inputs, given, constants)
  local values = {}
  for _, input in ipairs(inputs) do
    local value = given[input.name]
    if not input.targets then
      values[input.name] = value
    end
    for _, target in ipairs(input.targets or NOTHING) do
      values[target] = value
    end
  end
  if constants then
    for name, text in pairs(constants) do
      values[name] = text
    end
  end
  return values
end

--- What a caller calls the inputs of an operation.
---@param inputs table[] of a route or a tool
---@return table<string, string>
function M.labels(inputs)
  local labels = {}
  for _, input in ipairs(inputs) do
    for _, target in ipairs(input.targets or { input.name }) do
      labels[target] = input.name
    end
  end
  return labels
end

--- Makes the calls of a capability.
---@param plan table
---@param options {client: equinix.Client, getenv?: fun(name: string):
---  string|nil} getenv: where what is bound comes from; os.getenv
---@return equinix.service.Exposed
function M.new(plan, options)
  local unset = needs.unset(plan, options.getenv or os.getenv)
  if unset then
    error("equinix: " .. unset, 0)
  end
  local self = setmetatable({
    client = options.client,
    guard = echo_guard.new(options.client),
    operations = {},
  }, Exposed)
  for i, planned in ipairs(plan.operations) do
    self.operations[i] = operation.new(planned, options.getenv
      or os.getenv)
  end
  return self
end

return M
