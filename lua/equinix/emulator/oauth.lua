--- oauth: the endpoints that issue tokens.
--
-- Law of this file: fields and responses are those of "Equinix API
-- Authentication 1.2" (getOAuth2AccessToken, refreshOAuth2AccessToken) and,
-- for the token exchange, of RFC 8693. A request that is refused, by a knob or
-- by these rules, gets no token.

local accounts = require "equinix.emulator.accounts"
local errors = require "equinix.emulator.errors"
local request_body = require "equinix.emulator.request_body"
local tokens = require "equinix.emulator.tokens"

local M = {}

-- The fields of a body, or nil and the response.
local function read(world, knobs, request)
  local fields = request_body.fields(world, request)
  if not fields then
    return nil, errors.token_endpoint(knobs, 400, "EMU-BODY", "Bad Request",
      "The body is neither a JSON object nor a form.")
  end
  return fields
end

local function success(body)
  return {
    status = 200,
    headers = { ["Cache-Control"] = "no-store" },
    body = body,
  }
end

local function token(world, knobs, request)
  local fields, response = read(world, knobs, request)
  if not fields then
    return response
  end
  local grant = fields.grant_type or "password" -- the documented default
  if grant ~= "password" and grant ~= "client_credentials" then
    return errors.token_endpoint(knobs, 400, "EMU-GRANT", "Bad Request",
      "The grant_type is neither client_credentials nor password.")
  end
  response = accounts.check(world, knobs, fields, grant == "password")
  if response then
    return response
  end
  local renewable = grant == "password" or knobs.refresh_tokens
  return success(tokens.response(world, knobs,
    renewable and tokens.refresh_token(world, knobs) or nil))
end

local function refresh(world, knobs, request)
  local fields, response = read(world, knobs, request)
  if not fields then
    return response
  end
  response = accounts.check(world, knobs, fields, false)
  if response then
    return response
  end
  local presented = fields.refresh_token
  local current = type(presented) == "string"
    and tokens.redeem(world, knobs, presented)
  if not current then
    return errors.token_endpoint(knobs, 401, "EMU-REFRESH",
      "Invalid Refresh Token",
      "The refresh token is unknown, expired, revoked or was used before.")
  end
  return success(tokens.response(world, knobs, current))
end

local EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
local ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

-- Any subject token is accepted: there is no identity provider to ask.
local function exchange(world, knobs, request)
  if not request_body.is_form(request) then
    return errors.oauth(400, "invalid_request", "the body must be a form")
  end
  local fields = request_body.decode_form(request.body)
  if fields.grant_type ~= EXCHANGE then
    return errors.oauth(400, "unsupported_grant_type",
      "the grant_type must be " .. EXCHANGE)
  end
  for _, name in ipairs { "scope", "subject_token", "subject_token_type" } do
    if (fields[name] or "") == "" then
      return errors.oauth(400, "invalid_request", name .. " is missing")
    end
  end
  return success {
    access_token = tokens.access(world, knobs),
    issued_token_type = ACCESS_TOKEN,
    token_type = knobs.token_type,
    expires_in = knobs.lifetime,
  }
end

local function base64url(world, text)
  return (world.base64(text):gsub("[+/=]", { ["+"] = "-", ["/"] = "_",
    ["="] = "" }))
end

-- Not documented: all that is known is that the response has a jwt_token.
-- This one is not signed, so that it can't be taken for a real one.
local function userinfo(world)
  local header = world.encode { alg = "none", typ = "JWT" }
  local claims = world.encode { sub = world.accounts.user_name }
  return success {
    jwt_token = base64url(world, header) .. "." .. base64url(world, claims)
      .. ".",
  }
end

-- The errors of these endpoints when a knob forces a status.
local function login_error(status, _, knobs)
  local response = errors.login_failure(knobs)
  response.status = status
  return response
end

-- After a 409 a client may send the same exchange again.
local function exchange_error(status)
  return errors.oauth(status, status == 409 and "conflict"
    or "invalid_grant", "refused because of a knob of the emulator")
end

---@type equinix.emulator.Route[]
M.routes = {
  { method = "POST", path = "/oauth2/v1/token", call = token,
    issues_tokens = true, error_response = login_error },
  { method = "POST", path = "/oauth2/v1/refreshaccesstoken", call = refresh,
    issues_tokens = true, error_response = login_error },
  { method = "POST", path = "/use/token", call = exchange,
    issues_tokens = true, error_response = exchange_error },
  { method = "GET", path = "/oauth2/v1/userinfo", call = userinfo,
    bearer = true },
}

return M
