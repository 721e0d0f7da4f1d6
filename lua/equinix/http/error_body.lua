--- error_body: how Equinix's APIs spell an error in the body of a response.
--
-- Law of this file: bodies of all known shapes become one list of details. No
-- secret that a server quotes gets into the list, so none gets into the
-- message that is made of its first one (error_message.lua).

local core = require "equinix.core"
local error_message = require "equinix.http.error_message"
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local of_number = require("equinix.base.text").of_number

local M = {}

-- A code becomes part of messages, so only what looks like one is accepted.
local function code_of(value)
  if type(value) == "number" then
    value = of_number(value)
  end
  if type(value) == "string" and #value <= 64
    and value:find "^[A-Za-z0-9][A-Za-z0-9._%-]*$" then
    return value
  end
end

local function text_of(value)
  if type(value) == "number" then
    return of_number(value)
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

local function without(text, secret)
  local parts, from = {}, 1
  local at, to = text:find(secret, 1, true)
  while at and to >= at do
    parts[#parts + 1] = text:sub(from, at - 1)
    from = to + 1
    at, to = text:find(secret, from, true)
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts, "[redacted]")
end

-- No secret that a server quotes may get into an error. The text is cut
-- afterwards, since a part of a secret would not be recognised.
local function clean(value, secrets)
  for _, secret in ipairs(secrets) do
    value = without(value, secret)
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
  text = json.without_bom(text or "")
  local body = text:find "^[ \t\r\n]*[%[{]" and json.decode(text)
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

--- The error for a response that is not a success.
---@param response equinix.Response
---@param op string "GET /fabric/v4/ports"
---@param opts {kind: equinix.Kind, advice?: string, secrets?: string[],
---  retry_after?: number, attempts?: integer, token_endpoint?: boolean}
---  attempts: how often it was sent; token_endpoint: when it may be tried
---  again is said by tokens/renewal, which decides that
---@return equinix.Error
function M.error(response, op, opts)
  local found = M.parse(response.body, opts.secrets)
  return errors.new {
    kind = opts.kind,
    message = error_message.of(response.status, op, found, {
      advice = opts.advice,
      attempts = opts.attempts,
      retry_after = not opts.token_endpoint and opts.retry_after or nil,
    }),
    status = response.status,
    code = found.code,
    errors = found.errors,
    correlation_id = found.correlation_id
      or code_of(response.headers["x-correlation-id"]),
    retry_after = opts.retry_after,
    op = op,
    response = response,
  }
end

return M
