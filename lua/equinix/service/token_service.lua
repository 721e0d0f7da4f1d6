--- token_service: the rules that REST and MCP share.
--
-- Law of this file: a body with credentials of its own is sent to Equinix
-- unchanged, and the response is returned unchanged. Without credentials the
-- response is the service's own token, from the cache, in the shape of
-- Equinix's response; unless the body has anything that is not understood.
-- Where this service itself refuses, the body is a problem (RFC 9457) in its
-- own words, without anything about this machine.

local capability = require "equinix.oauth.operations"
local core = require "equinix.core"
local error_body = require "equinix.http.error_body"
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local own_request = require "equinix.service.own_request"
local problem = require "equinix.http.problem"
local refresh = require "equinix.service.refresh"
local retry = require "equinix.http.retry"
local tokens = require "equinix.oauth.token"

local M = {}

local REFRESH = capability.operations[2].name

local MAX_WAIT = 24 * 3600 -- seconds; a longer Retry-After is not believed

---@class equinix.service.Response
---@field status integer
---@field headers table<string, string> to be passed on: Retry-After, Age
---@field body string JSON
---@field object table|nil the body, decoded
---@field own boolean|nil it is the service's own token: the body was made here
---@field err equinix.Error|nil if this service refused, not Equinix; for the
---  log
---@field note equinix.problem.Note|nil why it is no success; for the log

---@class equinix.Service
---@field client equinix.Client
---@field now fun(): number
---@field private header? string Authorization of the token in `response`
---@field private at? number when `response` was made
---@field private response? equinix.service.Response with the own token
local Service = {}
Service.__index = Service

local OPERATIONS, CREDENTIALS = {}, {} -- by name
for _, operation in ipairs(capability.operations) do
  OPERATIONS[operation.name] = operation
  for _, field in ipairs(operation.fields) do
    CREDENTIALS[field.name] = field.credential
  end
end

-- A member that is null counts as missing.
local function given(fields, name)
  local value = fields[name]
  if value ~= json.null then
    return value
  end
end

--- Whether a body contains credentials.
---@param fields table decoded
---@return boolean
function M.has_credentials(fields)
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

-- The response when this service refuses; own: it is about its own
-- credentials.
local function refusal(err, own)
  local status, headers, object = problem.of(err, own)
  return {
    status = status,
    headers = headers,
    body = assert(json.encode(object)),
    object = object,
    err = err,
    note = problem.note(err),
  }
end

-- The response to a body that this service does not understand.
local function not_understood(message, reason)
  local object = problem.new(400, message, { code = "not_understood" })
  return {
    status = 400,
    headers = {},
    body = assert(json.encode(object)),
    object = object,
    err = errors.make("config", "a request without credentials has something "
      .. "that is not understood", { code = "not_understood" }),
    note = { reason = reason },
  }
end

-- With the caller's own credentials ------------------------------------------

-- Equinix refused what the caller sent; nothing of that is in the note.
local function refused_by_equinix(upstream, fields)
  local sent = {}
  for _, value in pairs(fields) do
    sent[#sent + 1] = type(value) == "string" and value or nil
  end
  local found = error_body.parse(upstream.body, sent)
  return {
    reason = "upstream",
    upstream_status = upstream.status,
    upstream_code = found.code,
    correlation_id = found.correlation_id,
  }
end

-- Equinix's response, unchanged; unless a caller that expects JSON could not
-- read it.
local function pass_on(upstream, fields)
  local status = upstream.status
  local object = json.decode(json.without_bom(upstream.body))
  local success = status >= 200 and status < 300
  if object == nil or status < 200 or (status >= 300 and status < 400)
    or (success and type(object) ~= "table") then
    local _, err = errors.fail("protocol", "Equinix's response is not JSON", {
      code = "not_json",
      status = status,
    })
    return refusal(err)
  end
  local wait = upstream.headers["retry-after"]
  return {
    status = status,
    headers = {
      ["Retry-After"] = retry.after(wait, os.time(), MAX_WAIT) and wait,
    },
    body = upstream.body,
    object = type(object) == "table" and object or nil,
    note = status >= 400 and refused_by_equinix(upstream, fields)
      or nil,
  }
end

-- The service's own token ----------------------------------------------------

-- Whole seconds, as Equinix writes them.
local function seconds(value)
  return ("%d"):format(math.max(0, math.floor(value)))
end

local OWN = { "access_token", "user_name", "refresh_token" }

-- Where Equinix gave the lifetime under OAuth's name (RFC 6749, section 5.1)
-- as well, it must not contradict.
local function put_left(members, left)
  members.token_timeout = json_text.value(seconds(left))
  if members.expires_in then
    members.expires_in = json_text.kind(members.expires_in) == "number"
      and seconds(left) or members.token_timeout
  end
end

-- The token in the shape of Equinix's response: all members of it, and the
-- times that are left.
local function shape(found, now)
  local members, headers = tokens.members(found), {}
  for _, name in ipairs(OWN) do
    if found[name] then
      members[name] = json_text.value(found[name])
    end
  end
  if not json_text.string(members.token_type) then
    members.token_type = json_text.value(found.token_type)
  end
  local left = tokens.left(found, now)
  if left then
    put_left(members, left)
    headers.Age = seconds(found.expires_in - left)
  end
  if found.refresh_expires_at then
    members.refresh_token_timeout = json_text.value(seconds(
      found.refresh_expires_at - now))
  end
  return json_text.object(members), headers
end

local function unknown_refresh_token()
  local _, err = errors.fail("config", "this refresh token is not the "
    .. "service's current one: request a token, or send it with the "
    .. "credentials of its app", { code = "unknown_refresh_token" })
  return err
end

local function presented(fields)
  local value = given(fields, "refresh_token")
  if value == nil or (type(value) == "string" and value ~= "") then
    return value
  end
  return false -- a value that no refresh token has
end

-- The response with a token.
local function respond(self, found)
  local body, headers = shape(found, self.now())
  return {
    status = 200,
    headers = headers,
    body = body,
    object = json.decode(body, true),
    own = true,
  }
end

-- What the client needs of a caller's context, which may be all the headers of
-- its request.
local function options_of(context)
  return { traceparent = context and context.traceparent }
end

local function renew(self, fields, context)
  local refresh_token = presented(fields)
  if refresh_token == false then
    return refusal(unknown_refresh_token(), true)
  end
  local found, err = refresh.run(self.client, refresh_token,
    options_of(context))
  if not found then
    return refusal(err or unknown_refresh_token(), true)
  end
  return respond(self, found)
end

--- The response that the last caller without credentials got, if the next one
--- gets the same: the same token in the same second. Whether that token may
--- still be served is checked each time.
---@return equinix.service.Response|nil
---@return string|nil header that is in the cache
function Service:again()
  local header = self.client:cached()
  if header and header == self.header and self.now() == self.at then
    return self.response, header
  end
  return nil, header
end

local function current(self, context)
  local response, header = self:again()
  if response then
    return response
  end
  local now = self.now()
  local found, err = self.client:token(options_of(context))
  if not found then
    return refusal(err, true)
  end
  response = respond(self, found)
  if header == "Bearer " .. found.access_token then
    self.header, self.at, self.response = header, now, response
  end
  return response
end

--- Carries out one of the two operations.
---@param name string of the capability
---@param fields table|nil the body, decoded; nil or {}: it was empty
---@param text string|nil the body as it came; nil: made from the fields
---@param context? {traceparent?: string} may be the headers of a request
---@return equinix.service.Response response to be read only: other callers may
---  get it too
function Service:call(name, fields, text, context)
  local operation = assert(OPERATIONS[name], "equinix: unknown operation")
  fields = fields or {}
  if not M.has_credentials(fields) then
    local complaint, reason = own_request.complaint(operation, fields, text)
    if complaint then
      return not_understood(complaint, reason)
    end
    if name == REFRESH then
      return renew(self, fields, context)
    end
    return current(self, context)
  end
  local upstream, err = self.client:operation(name, text or fields,
    options_of(context))
  if not upstream then
    return refusal(err)
  end
  return pass_on(upstream, fields)
end

--- Counters, shared by all processes that share the token.
---@return equinix.Stats
function Service:stats()
  return self.client:stats() or {}
end

--- How full the cache is, of which all processes know the same.
---@return equinix.core.tokens.info
function Service.cache()
  return core.tokens.info()
end

--- The life of the token in the cache; requests none.
---@return number|nil life seconds, at issue; nil: there was no token yet
---@return number|nil left seconds; 0: it is over, or was refused
function Service:life()
  local found, left = self.client:peek()
  if found and found.expires_in then
    return found.expires_in, math.max(0, math.min(left or 0,
      found.expires_in))
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
