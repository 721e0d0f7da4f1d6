--- error: the one shape of every failure, and how Equinix's own errors are
--- read.
--
-- Law of this file: a message is built from our own text, codes and numbers.
-- What a server wrote is kept beside it as data (`errors`), never inside it,
-- and nothing that a caller sent is in either. No secret, no query string.

local core = require "equinix.core"
local json = require "equinix.base.json"

local M = {}

---@alias equinix.Kind
---| "config"   # options, environment, misuse that data can cause
---| "network"  # no connection, or it broke
---| "timeout"  # the deadline passed
---| "tls"      # the peer could not be verified, or no common protocol
---| "auth"     # credentials refused or latched; a final 401 of the API
---| "http"     # every other status that is not a success
---| "protocol" # a response that can't be used, or may not be
---| "store"    # the second level of the cache, where one is required
---| "closed"   # the client was closed
---| "memory"

---@class equinix.Error
---@field kind equinix.Kind
---@field message string what happened, to what, and what to do
---@field status? integer HTTP status
---@field code? string Equinix's error code, or a symbolic cause
---@field errors? equinix.ErrorDetail[] every error of the response's body
---@field retryable boolean whether the same call may succeed later
---@field retry_after? number seconds
---@field correlation_id? string for Equinix's support
---@field op? string "POST /oauth2/v1/token"
---@field response? equinix.Response where there is one

---@class equinix.ErrorDetail
---@field code? string
---@field message? string
---@field property? string
---@field reason? string
---@field details? string

local Error = {}
Error.__index = Error
Error.__name = "equinix.Error"

function Error:__tostring()
  local text = "equinix: " .. self.message
  if self.correlation_id then
    text = text .. " [correlation id " .. self.correlation_id .. "]"
  end
  return text
end

-- `"failed: " .. err` works without tostring.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

local RETRYABLE_STATUS = {
  [429] = true,
  [502] = true,
  [503] = true,
  [504] = true,
}

--- Makes an error of a table of its fields (`kind` and `message` at least).
---@param fields table
---@return equinix.Error
function M.new(fields)
  if fields.retryable == nil then
    fields.retryable = fields.kind == "network" or fields.kind == "timeout"
      or (fields.kind == "http" and RETRYABLE_STATUS[fields.status] or false)
  end
  return setmetatable(fields, Error)
end

--- Whether a value is one of our errors.
function M.is(value)
  return getmetatable(value) == Error
end

--- Makes an error of its kind, its message and what else there is.
---@param kind equinix.Kind
---@param message string
---@param fields? table further fields
---@return equinix.Error
function M.make(kind, message, fields)
  fields = fields or {}
  fields.kind = kind
  fields.message = message
  return M.new(fields)
end

--- `nil, err` in one call: `return fail("config", "...")`.
---@param kind equinix.Kind
---@param message string
---@param fields? table further fields
---@return nil
---@return equinix.Error
function M.fail(kind, message, fields)
  return nil, M.make(kind, message, fields)
end

-- A code becomes part of messages, so only what looks like one is accepted.
local function code_of(value)
  if type(value) == "number" then
    value = ("%.14g"):format(value)
  end
  if type(value) == "string" and #value <= 64
    and value:find "^[%w][%w%._%-]*$" then
    return value
  end
end

local function text_of(value)
  if type(value) == "number" then
    return tostring(value)
  end
  if type(value) == "string" and value ~= "" then
    return value
  end
end

local function first(body, names, read)
  for _, name in ipairs(names) do
    local value = read(body[name])
    if value then
      return value
    end
  end
end

-- The names that Equinix's APIs use for the same member.
local CODES = { "errorCode", "error_code", "code", "error", "errorcode" }
local MESSAGES = {
  "errorMessage", "error_message", "message", "error_description",
  "faultstring", "msg", "detail", "title", "errorTitle", "error_title",
  "error", -- the gateway: "Service Unavailable"
}
local DETAILS = {
  "details", "developerMessage", "developer_message", "moreInfo", "help",
}
local CORRELATIONS = { "correlationId", "correlation_id", "ticketId" }

local function property_of(body)
  local fields = body.fields
  if type(fields) == "table" then
    fields = fields[1]
  end
  return text_of(body.property) or text_of(fields)
end

-- additionalInfo is a list of {property, reason}, or a single one.
local function additional(body)
  local info = body.additionalInfo
  if type(info) ~= "table" then
    return {}
  end
  return info[1] == nil and { info } or info
end

local MAX_ERRORS = 50

local function add(list, detail)
  if next(detail) ~= nil and #list < MAX_ERRORS then
    list[#list + 1] = detail
  end
end

-- One error object becomes one detail for each property that it names.
local function add_object(list, body)
  local base = {
    code = first(body, CODES, code_of),
    message = first(body, MESSAGES, text_of),
    details = first(body, DETAILS, text_of),
    property = property_of(body),
    reason = text_of(body.reason),
  }
  local extra = false
  for _, info in ipairs(additional(body)) do
    if type(info) == "table" then
      extra = true
      add(list, {
        code = base.code,
        message = base.message,
        details = base.details,
        property = text_of(info.property) or base.property,
        reason = text_of(info.reason) or base.reason,
      })
    end
  end
  if not extra then
    add(list, base)
  end
end

-- The members that wrap another error: {"error":{...}}, {"fault":{...}},
-- SmartView's {"status":{...}}.
local WRAPPERS = { "error", "fault", "status" }

local function read_object(found, body)
  found.correlation_id = found.correlation_id
    or first(body, CORRELATIONS, code_of)
  if type(body.errors) == "table" and type(body.errors[1]) == "table" then
    for _, member in ipairs(body.errors) do
      if type(member) == "table" then
        add_object(found.errors, member)
      end
    end
    return
  end
  for _, name in ipairs(WRAPPERS) do
    local inner = body[name]
    if type(inner) == "table" then
      -- Apigee: {"fault":{"faultstring":..,"detail":{"errorcode":..}}}
      if type(inner.detail) == "table" then
        inner.errorcode = inner.errorcode or inner.detail.errorcode
      end
      return add_object(found.errors, inner)
    end
  end
  if type(body.fault) == "string" then
    body.message = body.message or body.fault
  end
  add_object(found.errors, body)
end

-- A server may quote what was sent: unchanged, percent-encoded, or as JSON.
local function spellings(secrets)
  local all = {}
  for _, secret in ipairs(secrets) do
    all[#all + 1] = secret
    all[#all + 1] = core.escape(secret)
    all[#all + 1] = json.encode(secret):sub(2, -2)
  end
  return all
end

local MAX_TEXT = 1024

-- Cuts at the end of a UTF-8 character; bytes that are not UTF-8 are cut
-- anywhere.
local function cut(text)
  local at = MAX_TEXT
  while at > MAX_TEXT - 3 and text:find("^[\128-\191]", at + 1) do
    at = at - 1
  end
  return text:sub(1, at)
end

-- No secret that a server quotes may get into an error. The text is cut
-- afterwards, since a part of a secret would not be recognised.
local function clean(value, secrets)
  for _, secret in ipairs(secrets) do
    local from, to = value:find(secret, 1, true)
    while from and to >= from do
      value = value:sub(1, from - 1) .. "[redacted]" .. value:sub(to + 1)
      from, to = value:find(secret, from + #"[redacted]", true)
    end
  end
  return cut(value)
end

--- Reads an error body of any known shape.
---@param text string the response's body
---@param secrets? string[] what must not appear in the result
---@return {errors: equinix.ErrorDetail[], code?: string,
---  correlation_id?: string}
function M.parse(text, secrets)
  local found = { errors = {} }
  local body = text and text:find "^%s*[%[{]" and json.decode(text)
  if type(body) ~= "table" then
    return found
  end
  if body[1] == nil then
    read_object(found, body)
  else
    for _, member in ipairs(body) do
      if type(member) == "table" then
        read_object(found, member)
      end
    end
  end
  secrets = spellings(secrets or {})
  for _, detail in ipairs(found.errors) do
    for key, value in pairs(detail) do
      detail[key] = clean(value, secrets)
    end
    found.code = found.code or detail.code
  end
  found.correlation_id = found.correlation_id
    and clean(found.correlation_id, secrets)
  return found
end

local REMEDY = {
  [400] = "the request was not accepted; see errors",
  [401] = "the token was not accepted, nor was a renewed one",
  [403] = "this account may not do that; ask for the permission",
  [404] = "there is no such resource",
  [405] = "this path does not support that method",
  [409] = "the request conflicts with the state of the resource",
  [415] = "send JSON (option json)",
  [422] = "the values were not accepted; see errors",
  [429] = "too many requests; try again later",
}

--- The error for a response that is not a success.
---@param response equinix.Response
---@param op string "GET /fabric/v4/ports"
---@param opts {kind: equinix.Kind, advice?: string, secrets?: string[],
---  retry_after?: number, token_endpoint?: boolean}
---@return equinix.Error
function M.from_response(response, op, opts)
  local found = M.parse(response.body, opts.secrets)
  local status = response.status
  local advice = opts.advice or REMEDY[status]
    or (status >= 500 and "Equinix failed; try again later")
    or "this status is not a success"
  local code = found.code and " (" .. found.code .. ")" or ""
  return M.new {
    kind = opts.kind,
    message = ("%s: %d%s: %s"):format(op, status, code, advice),
    status = status,
    code = found.code,
    errors = found.errors,
    correlation_id = found.correlation_id
      or code_of(response.headers["x-correlation-id"]),
    retry_after = opts.retry_after,
    op = op,
    response = response,
  }
end

--- The error for a transfer without a response.
---@param transport_err equinix.transport.err
---@param op string
---@return equinix.Error
function M.from_transport(transport_err, op)
  return M.new {
    kind = transport_err.kind or "network",
    code = transport_err.code,
    message = ("%s: %s"):format(op,
      transport_err.message or "the transfer failed"),
    op = op,
    maybe_sent = transport_err.maybe_sent ~= false,
  }
end

return M
