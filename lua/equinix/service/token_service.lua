--- token_service: the rules that REST and MCP share.
--
-- Law of this file: a body with credentials of its own goes to Equinix as it
-- is, and the answer comes back as it is. Without credentials the answer is
-- the service's own token, from the cache, in the shape of Equinix's. Where
-- it is we who say no, the body is a problem (RFC 9457) in our own words:
-- nothing of the machine that this runs on is in it.

local capability = require "equinix.oauth.operations"
local err = require "equinix.base.error"
local json = require "equinix.base.json"
local problems = require "equinix.http.problem"
local renewal = require "equinix.service.refresh"
local retry = require "equinix.http.retry"
local token = require "equinix.oauth.token"

local M = {}

local RENEW = capability.operations[2].name

local MAX_WAIT = 24 * 3600 -- seconds of Retry-After that are believed

---@class equinix.service.Answer
---@field status integer
---@field headers table<string, string> to be handed on: Retry-After, Age
---@field body string JSON
---@field object table|nil the body, decoded
---@field problem equinix.Error|nil where we say no, not Equinix; for the log

---@class equinix.Service
local Service = {}
Service.__index = Service

local KNOWN = {} -- operation -> field -> capability.Field
for _, operation in ipairs(capability.operations) do
  local fields = {}
  for _, field in ipairs(operation.fields) do
    fields[field.name] = field
  end
  KNOWN[operation.name] = fields
end

local CREDENTIALS = {}
for _, fields in pairs(KNOWN) do
  for name, field in pairs(fields) do
    CREDENTIALS[name] = field.credential
  end
end

-- A member that is null is as good as none.
local function given(fields, name)
  local value = fields[name]
  if value ~= json.null then
    return value
  end
end

local function has_credentials(fields)
  if next(fields) == nil then
    return false
  end
  for name in pairs(CREDENTIALS) do
    if given(fields, name) ~= nil then
      return true
    end
  end
  return false
end

--- The answer for a refusal of our own.
---@param problem equinix.Error
---@param own? boolean it is about the service's own credentials
---@return equinix.service.Answer
function M.refusal(problem, own)
  local status, headers, object = problems.of(problem, own)
  return {
    status = status,
    headers = headers,
    body = assert(json.encode(object)),
    object = object,
    problem = problem,
  }
end

-- The caller's own body ------------------------------------------------------

-- What Equinix answered, as it is; unless that is nothing a caller who was
-- promised JSON could read.
local function pass_on(response)
  local status = response.status
  local object = json.decode(response.body)
  local success = status >= 200 and status < 300
  if object == nil or status < 200 or (status >= 300 and status < 400)
    or (success and type(object) ~= "table") then
    local _, problem = err.fail("protocol", "Equinix's answer is no JSON", {
      code = "not_json",
      status = status,
    })
    return M.refusal(problem)
  end
  local wait = response.headers["retry-after"]
  return {
    status = status,
    headers = {
      ["Retry-After"] = retry.after(wait, os.time(), MAX_WAIT) and wait,
    },
    body = response.body,
    object = type(object) == "table" and object or nil,
  }
end

-- The service's own token ----------------------------------------------------

-- Whole seconds, as Equinix writes them.
local function seconds(value)
  return ("%d"):format(math.max(0, math.floor(value)))
end

-- The token in the shape of Equinix's answer. A clock that was set back must
-- not make it last longer than it does.
local function shape(found, now)
  local object, headers = {
    access_token = found.access_token,
    token_type = found.token_type,
    user_name = found.user_name,
    refresh_token = found.refresh_token,
  }, {}
  if found.expires_at then
    local left = math.min(found.expires_in, found.expires_at - now)
    object.token_timeout = seconds(left)
    headers.Age = seconds(found.expires_in - left)
  end
  if found.refresh_expires_at then
    object.refresh_token_timeout = seconds(found.refresh_expires_at - now)
  end
  return object, headers
end

local function not_ours()
  local _, problem = err.fail("config", "this refresh token is not the "
    .. "service's current one: ask for a token, or send it with the "
    .. "credentials of its app", { code = "unknown_refresh_token" })
  return problem
end

local function presented(fields)
  local value = given(fields, "refresh_token")
  if value == nil or (type(value) == "string" and value ~= "") then
    return value
  end
  return false -- a value that no refresh token has
end

-- The answer with a token, or the refusal.
local function answer_of(self, found, problem)
  if not found then
    return M.refusal(problem, true)
  end
  local object, headers = shape(found, self.now())
  return {
    status = 200,
    headers = headers,
    body = assert(json.encode(object)),
    object = object,
  }
end

-- What the client takes out of a caller's context, which may be more: the
-- headers of his request.
local function options_of(context)
  return { traceparent = context and context.traceparent }
end

local function renew(self, fields, context)
  local refresh_token = presented(fields)
  if refresh_token == false then
    return M.refusal(not_ours(), true)
  end
  local found, problem = renewal.run(self.client, refresh_token,
    options_of(context))
  if not found then
    return M.refusal(problem or not_ours(), true)
  end
  return answer_of(self, found)
end

--- The answer that the last caller without credentials got, where the next
--- one gets it, too: the same token in the same second. Whether that token
--- may still be served is asked each time.
---@return equinix.service.Answer|nil
---@return string|nil header that is in the cache
function Service:again()
  local flight = self.client.tokens
  local header = flight and flight.hit()
  if header and header == self.header and self.now() == self.at then
    return self.answer, header
  end
  return nil, header
end

local function current(self, context)
  local answer, header = self:again()
  if answer then
    return answer
  end
  local now = self.now()
  local found, problem = self.client:token(options_of(context))
  answer = answer_of(self, found, problem)
  if found and header == "Bearer " .. found.access_token then
    self.header, self.at, self.answer = header, now, answer
  end
  return answer
end

--- Does one of the two operations.
---@param name string of the capability
---@param fields table|nil the body, decoded; nil or {}: it was empty
---@param text string|nil the body as it came; nil: made of the fields
---@param context? {traceparent?: string} may be the headers of a request
---@return equinix.service.Answer answer to be read only: others may get it too
function Service:call(name, fields, text, context)
  assert(KNOWN[name], "equinix: unknown operation")
  fields = fields or {}
  if not has_credentials(fields) then
    if name == RENEW then
      return renew(self, fields, context)
    end
    return current(self, context)
  end
  local response, problem = self.client:operation(name, text or fields,
    options_of(context))
  if not response then
    return M.refusal(problem)
  end
  return pass_on(response)
end

--- Counters, shared by all who share the token.
---@return equinix.Stats
function Service:stats()
  return self.client:stats() or {}
end

--- The life of the token that is in the cache; asks nobody for one.
---@return number|nil life seconds, at issue; nil: there is none
---@return number|nil left seconds
function Service:life()
  local flight = self.client.tokens
  local slot = flight and flight.renews and flight:slot()
  if not slot then
    return nil
  end
  local _, _, header, record, left = slot:read()
  local found = header and token.decode(record)
  if found then
    return found.expires_in, math.min(left, found.expires_in)
  end
end

--- The service of a client.
---@param client equinix.Client
---@param now? fun(): number Unix time in whole seconds; os.time
---@return equinix.Service
function M.new(client, now)
  return setmetatable({
    client = client,
    now = now or os.time,
  }, Service)
end

return M
