--- token_response: what a token endpoint answered: a token, an error, or the
--- refusal of the credentials. No I/O.
--
-- Law of this file: read liberally, hand on only what is well formed; and of
-- a token endpoint's response only status and headers are shown.

local answer = require "equinix.oauth.answer"
local error_body = require "equinix.http.error_body"
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local lower = require("equinix.base.text").lower
local retry = require "equinix.http.retry"

local M = {}

local MAX_TOKEN = 16 * 1024 -- bytes
local MAX_LIFE = 24 * 3600
local MAX_REFRESH_LIFE = 10 * 366 * 24 * 3600
local ASSUMED_LIFE = 3600 -- Equinix's own default, where none is given
local MAX_RETRY_AFTER = 3600

-- "3600", 3600 and "3599 (60 minutes)" all occur. What only begins like a
-- number, "0x10" or "1.5e3", is unreadable.
local function seconds_of(value)
  if type(value) ~= "string" then
    return value
  end
  local digits, rest = value:match "^%s*(%-?%d+)(.*)$"
  if digits and (rest == "" or rest:find "^%s") then
    return tonumber(digits)
  end
end

-- Less than nothing is nothing: such a token is for the callers that wait for
-- it.
local function lifetime(value)
  value = seconds_of(value)
  if type(value) == "number" and value == value then
    return math.max(0, math.min(value, MAX_LIFE))
  end
end

-- A refresh token may live long: 60 days by the specification. The cap keeps
-- its end a number that a record can carry exactly.
local function refresh_lifetime(value)
  value = seconds_of(value)
  return type(value) == "number" and value > 0
    and math.min(value, MAX_REFRESH_LIFE) or nil
end

--- Of a token endpoint's response only status and headers are shown.
---@param response equinix.Response
function M.outline(response)
  return { status = response.status, headers = response.headers }
end

local function bad(op, response, what)
  return errors.fail("protocol", ("%s: the response (%d) %s"):format(op,
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

local function is_bearer(kind)
  return kind == json.null
    or type(kind) == "string" and lower(kind) == "bearer"
end

local function add_refresh_token(token, body, started)
  if is_token(body.refresh_token) then
    token.refresh_token = body.refresh_token
    local life = refresh_lifetime(body.refresh_token_timeout)
    token.refresh_expires_at = life and started + life
  end
end

--- Reads a success of either endpoint.
---@param response equinix.Response status 2xx
---@param op string
---@param started number Unix time at which the request was begun
---@return table|nil token access_token, token_type, user_name, expires_in,
---  expires_at, refresh_token, refresh_expires_at, answer
---@return equinix.Error|boolean err, or: the lifetime had to be assumed
---@return integer|nil dropped members of the response that are not valid JSON
function M.read(response, op, started)
  local body = json.decode(json.without_bom(response.body), true)
  if type(body) ~= "table" then
    return bad(op, response, "is no JSON object")
  elseif not is_token(body.access_token) then
    return bad(op, response, "has no well-formed access_token")
  elseif body.token_type ~= nil and body.token_type ~= "Bearer"
    and not is_bearer(body.token_type) then
    return bad(op, response, "has a token_type that is not Bearer")
  end
  local life = lifetime(body.token_timeout) or lifetime(body.expires_in)
  local seconds, user = life or ASSUMED_LIFE, body.user_name
  local token = {
    access_token = body.access_token,
    token_type = "Bearer",
    user_name = type(user) == "string" and user or nil,
    expires_in = seconds,
    expires_at = started + seconds,
  }
  if body.refresh_token then
    add_refresh_token(token, body, started)
  end
  local dropped
  token.answer, dropped = answer.keep(response.body, body, token)
  return token, life == nil, dropped
end

-- The codes that say that the credentials are bad (Equinix's, and RFC 6749's,
-- section 5.2). The refresh endpoint refuses refresh tokens too, so there only
-- those count that are about the app: "any".
local REFUSALS = {
  S1006 = "any",
  invalid_client = "any",
  invalid_grant = "token",
  unauthorized_client = "token",
}

--- Whether a response says that the credentials are bad, which counts towards
--- Equinix's lock-out. That takes evidence: one of the codes, whatever the
--- status, or a 401. A page of a firewall or of a gateway on the way is none.
---@param err equinix.Error
---@param refreshing boolean it came from the refresh endpoint
---@return boolean
function M.refused(err, refreshing)
  for _, detail in ipairs(err.errors or {}) do
    local where = REFUSALS[detail.code]
    if where == "any" or (where and not refreshing) then
      return true
    end
  end
  return not refreshing and err.status == 401
end

-- The codes that say to come back later: RFC 6749, 4.1.2.1, and 8628, 3.5.
local LATER = { temporarily_unavailable = true, slow_down = true }

--- Whether the body of a success is an error all the same.
---@param response equinix.Response
---@return boolean
function M.is_error(response)
  local body = json.decode(response.body)
  return type(body) == "table"
    and (body.access_token == nil or body.access_token == json.null)
    and #error_body.parse(response.body).errors > 0
end

local REFUSED = "Equinix refused the credentials; check %s (Equinix locks an "
  .. "account after 5 bad attempts, so this one is not repeated at once)"

local function redirect(response, op)
  return errors.make("protocol", ("%s: %d: a token endpoint's redirect is "
    .. "never followed"):format(op, response.status), {
    status = response.status,
    code = "redirect",
    op = op,
    response = M.outline(response),
  })
end

local NO_REFUSAL = "this does not say that the credentials are bad; see "
  .. "errors, and check base_url and what is on the way to it (a proxy or "
  .. "firewall may have answered)"
local IN_SUCCESS = "an error in a response that has the status of a success; "
  .. "see errors"

local function advice_for(status)
  if status < 300 then
    return IN_SUCCESS
  end
  return status < 500 and status ~= 429 and NO_REFUSAL or nil
end

-- RFC 6749's code, where the body has another one beside it.
local function add_oauth_code(err, response)
  local body = json.decode(response.body)
  local code = type(body) == "table" and body.error
  if REFUSALS[code] and err.code ~= code then
    err.errors[#err.errors + 1] = { code = code }
  end
end

--- The error for a response of a token endpoint that is no success, or one by
--- its status only.
---@param response equinix.Response
---@param op string
---@param secrets string[] what no echo may bring back
---@param refreshing boolean
---@param now number Unix time
---@param attempts? integer how often it was sent
---@return equinix.Error
function M.error(response, op, secrets, refreshing, now, attempts)
  if response.status >= 300 and response.status < 400 then
    return redirect(response, op)
  end
  local err = error_body.error(response, op, {
    kind = "http",
    advice = advice_for(response.status),
    secrets = secrets,
    attempts = attempts,
    token_endpoint = true,
    retry_after = retry.after(response.headers["retry-after"], now,
      MAX_RETRY_AFTER),
  })
  err.response = M.outline(response)
  add_oauth_code(err, response)
  if M.refused(err, refreshing) then
    err.kind, err.retryable = "auth", false
    err.message = ("%s: %d%s: %s"):format(op, err.status,
      err.code and " (" .. err.code .. ")" or "", REFUSED:format(
      op:find("/use/token", 1, true) and "the scope and the subject token"
      or "the client id and secret"))
  elseif LATER[err.code] or err.retry_after then
    err.retryable = true
  end
  return err
end

return M
