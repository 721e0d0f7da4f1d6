--- grant: what a token costs on the wire. Options in, request out; response
--- in, token out; no I/O.
--
-- Law of this file: field names and shapes are Equinix's ("API
-- Authentication", operations getOAuth2AccessToken and
-- refreshOAuth2AccessToken) and RFC 6749's; read liberally, hand on only what
-- is well formed.

local err = require "equinix.base.error"
local form = require "equinix.http.form"
local json = require "equinix.base.json"
local retry = require "equinix.http.retry"

local M = {}

M.TOKEN_PATH = "/oauth2/v1/token"
M.REFRESH_PATH = "/oauth2/v1/refreshaccesstoken"
M.EXCHANGE_PATH = "/use/token"

local FORM = "application/x-www-form-urlencoded"
local JSON = "application/json"

local MAX_ANSWER = 64 * 1024 -- bytes; no token answer is near that
local MAX_TOKEN = 16 * 1024
local MAX_LIFE = 24 * 3600
local MAX_REFRESH_LIFE = 10 * 366 * 24 * 3600
local ASSUMED_LIFE = 3600 -- Equinix's own default, when none is told
local MAX_RETRY_AFTER = 3600

-- A token request is a POST on a connection of its own: nothing reused,
-- nothing sent twice.
local function post(config, url, content_type, body)
  return {
    method = "POST",
    url = url,
    headers = {
      { "Content-Type", content_type },
      { "Accept", "application/json" },
      { "User-Agent", config.user_agent },
    },
    body = body,
    fresh_connect = true,
    may_resend = false,
    max_body = MAX_ANSWER,
    connect_timeout = config.connect_timeout,
    ca_file = config.ca_file,
    client_cert = config.client_cert,
    client_key = config.client_key,
    proxy = config.proxy,
  }
end

local function encoded(config, path, fields)
  local url, op = config.base_url .. path, "POST " .. path
  if config.encoding == "form" then
    return post(config, url, FORM, form.encode(fields)), op
  end
  return post(config, url, JSON, json.encode(fields)), op
end

--- The request with a body that somebody else made.
---@param config table
---@param path string
---@param body string JSON
---@return table request
---@return string op
function M.raw(config, path, body)
  return post(config, config.base_url .. path, JSON, body), "POST " .. path
end

-- W3C Trace Context, section 3.2: version, trace, parent, flags.
local TRACEPARENT = "^%x%x%-" .. ("%x"):rep(32) .. "%-" .. ("%x"):rep(16)
  .. "%-%x%x$"

--- Lets a request continue its caller's trace; one that is malformed ends
--- here, as the recommendation says.
---@param request table
---@param traceparent string|nil
function M.trace(request, traceparent)
  if traceparent and traceparent:find(TRACEPARENT) then
    request.headers[#request.headers + 1] = { "traceparent", traceparent }
  end
end

local EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
local ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"

-- RFC 8693, section 2.1; Equinix's STS reads forms.
local function exchange(config, subject)
  return post(config, config.sts_url .. M.EXCHANGE_PATH, FORM, form.encode {
    grant_type = EXCHANGE,
    scope = config.scope,
    subject_token = subject,
    subject_token_type = ID_TOKEN,
  }), "POST " .. M.EXCHANGE_PATH
end

--- The request for a new token by the configured grant.
---@param config table of equinix.client.options
---@param secret string the client secret, or the subject token, as read for
---  this request
---@return table request
---@return string op
function M.issue(config, secret)
  if config.grant == "token_exchange" then
    return exchange(config, secret)
  end
  local fields = {
    grant_type = config.grant,
    client_id = config.client_id,
    client_secret = secret,
  }
  if config.grant == "password" then
    fields.user_name = config.user_name
    fields.user_password = config.user_password()
  end
  return encoded(config, M.TOKEN_PATH, fields)
end

--- The request that trades a refresh token in.
---@param config table
---@param secret string
---@param refresh_token string
---@return table request
---@return string op
function M.renew(config, secret, refresh_token)
  return encoded(config, M.REFRESH_PATH, {
    client_id = config.client_id,
    client_secret = secret,
    refresh_token = refresh_token,
  })
end

local function netstrings(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local value = tostring((select(i, ...)) or "")
    parts[i] = #value .. ":" .. value
  end
  return table.concat(parts)
end

--- The name of the token in the cache: everything that shapes the request,
--- and the secret as read. Never leaves the process; the cache keeps a digest.
function M.key(config, secret)
  return netstrings("token", config.base_url, config.grant, config.encoding,
    config.sts_url, config.scope, config.client_id, secret, config.user_name,
    config.user_password and config.user_password(), config.cache_key,
    config.proxy, config.ca_file, config.client_cert, config.client_key,
    -- Who has a store presents no refresh token without its lock.
    config.store and "store")
end

--- Whose account a bad attempt counts against: the user's where a user signs
--- in, the scope's where a token is exchanged, else the app's.
function M.identity(config)
  if config.grant == "token_exchange" then
    return netstrings("identity", config.sts_origin, config.scope)
  end
  return netstrings("identity", config.origin, config.client_id,
    config.grant == "password" and config.user_name)
end

--- What is proved with: a change of any part makes it another attempt.
function M.proof(config, secret)
  return netstrings(secret, config.user_password and config.user_password())
end

-- "3600", 3600 and "3599 (60 minutes)" all occur. Less than nothing is
-- nothing: such a token is for those who wait for it.
local function lifetime(value)
  if type(value) == "string" then
    value = tonumber(value:match "^%s*(%-?%d+)")
  end
  if type(value) == "number" and value == value then
    return math.max(0, math.min(value, MAX_LIFE))
  end
end

-- A refresh token may live long: 60 days by the specification. The cap keeps
-- its end a number that a record can carry exactly.
local function refresh_lifetime(value)
  if type(value) == "string" then
    value = tonumber(value:match "^%s*(%d+)")
  end
  return type(value) == "number" and value > 0
    and math.min(value, MAX_REFRESH_LIFE) or nil
end

local function bad(op, response, what)
  return err.fail("protocol", ("%s: the answer (%d) %s"):format(op,
    response.status, what), {
    status = response.status,
    code = "bad_token_response",
    op = op,
    response = M.outline(response),
  })
end

-- RFC 6750, section 2.1 allows fewer; what a header can carry is enough.
local function is_token(value)
  return type(value) == "string" and #value <= MAX_TOKEN
    and value:find "^[\33-\126]+$" ~= nil
end

--- Of a token endpoint's answer only status and headers are shown.
function M.outline(response)
  return { status = response.status, headers = response.headers }
end

local function text_or_nil(value)
  return type(value) == "string" and value or nil
end

--- Reads a success of either endpoint.
---@param response equinix.Response status 2xx
---@param op string
---@param started number Unix time at which the request was begun
---@return table|nil token access_token, token_type, user_name, expires_in,
---  expires_at, refresh_token, refresh_expires_at
---@return equinix.Error|boolean err, or: the lifetime had to be assumed
function M.read(response, op, started)
  local body = json.decode(response.body)
  if type(body) ~= "table" then
    return bad(op, response, "is no JSON object")
  elseif not is_token(body.access_token) then
    return bad(op, response, "has no well-formed access_token")
  end
  local kind = body.token_type
  if kind ~= nil and kind ~= json.null
    and (type(kind) ~= "string" or kind:lower() ~= "bearer") then
    return bad(op, response, "has a token_type that is not Bearer")
  end
  local life = lifetime(body.token_timeout) or lifetime(body.expires_in)
  local seconds = life or ASSUMED_LIFE
  local token = {
    access_token = body.access_token,
    token_type = "Bearer",
    user_name = text_or_nil(body.user_name),
    expires_in = seconds,
    expires_at = started + seconds,
  }
  if is_token(body.refresh_token) then
    token.refresh_token = body.refresh_token
    local refresh = refresh_lifetime(body.refresh_token_timeout)
    token.refresh_expires_at = refresh and started + refresh
  end
  return token, life == nil
end

--- Whether an answer says that the credentials are bad, which counts towards
--- Equinix's lock-out. The refresh endpoint refuses refresh tokens too, so
--- there only the two codes count.
---@param failure equinix.Error
---@param renewing boolean it came from the refresh endpoint
function M.refused(failure, renewing)
  for _, detail in ipairs(failure.errors or {}) do
    if detail.code == "S1006" or detail.code == "invalid_client" then
      return true
    end
  end
  local status = failure.status
  return not renewing
    and (status == 400 or status == 401 or status == 403)
end

local REFUSED = "Equinix refused the credentials; check %s (Equinix locks an "
  .. "account after 5 bad attempts, so this one is not repeated at once)"

--- The error for an answer of a token endpoint that is no success.
---@param response equinix.Response
---@param op string
---@param secrets string[] what no echo may bring back
---@param renewing boolean
---@param now number Unix time
---@return equinix.Error
function M.failure(response, op, secrets, renewing, now)
  if response.status >= 300 and response.status < 400 then
    local _, redirect = err.fail("protocol", ("%s: %d: a token endpoint's "
      .. "redirect is never followed"):format(op, response.status), {
      status = response.status,
      code = "redirect",
      op = op,
      response = M.outline(response),
    })
    return redirect
  end
  local failure = err.from_response(response, op, {
    kind = "http",
    secrets = secrets,
    retry_after = retry.after(response.headers["retry-after"], now,
      MAX_RETRY_AFTER),
  })
  failure.response = M.outline(response)
  if M.refused(failure, renewing) then
    failure.kind, failure.retryable = "auth", false
    failure.message = ("%s: %d%s: %s"):format(op, failure.status,
      failure.code and " (" .. failure.code .. ")" or "", REFUSED:format(
      op:find("/use/token", 1, true) and "the scope and the subject token"
      or "the client id and secret"))
  end
  return failure
end

return M
