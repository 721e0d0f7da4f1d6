--- oauth: the endpoints that issue tokens.
--
-- Law of this file: fields and answers are those of "Equinix API
-- Authentication 1.2" (getOAuth2AccessToken, refreshOAuth2AccessToken) and,
-- for the token exchange, of RFC 8693. Refused by a knob or by the rules,
-- nothing is issued.

local accounts = require "equinix.emulator.accounts"
local errors = require "equinix.emulator.errors"
local form = require "equinix.emulator.form"
local tokens = require "equinix.emulator.tokens"

local M = {}

-- A body as a table of fields, or nil and the answer to give.
local function read(world, knobs, request)
  local kind = (request.headers["content-type"] or ""):match "^[^;%s]*"
  if kind:lower() == "application/x-www-form-urlencoded" then
    return form.decode(request.body)
  end
  local fields = world.decode(request.body)
  if type(fields) ~= "table" then
    return nil, errors.login(knobs, 400, "EMU-BODY", "Bad Request",
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
  local fields, failure = read(world, knobs, request)
  if not fields then
    return failure
  end
  local grant = fields.grant_type or "password" -- the documented default
  if grant ~= "password" and grant ~= "client_credentials" then
    return errors.login(knobs, 400, "EMU-GRANT", "Bad Request",
      "The grant_type is neither client_credentials nor password.")
  end
  failure = accounts.check(world, knobs, fields, grant == "password")
  if failure then
    return failure
  end
  local renewable = grant == "password" or knobs.refresh_tokens
  return success(tokens.answer(world, knobs,
    renewable and tokens.refresh_token(world, knobs) or nil))
end

local function refresh(world, knobs, request)
  local fields, failure = read(world, knobs, request)
  if not fields then
    return failure
  end
  failure = accounts.check(world, knobs, fields, false)
  if failure then
    return failure
  end
  local presented = fields.refresh_token
  local current = type(presented) == "string"
    and tokens.redeem(world, knobs, presented)
  if not current then
    return errors.login(knobs, 401, "EMU-REFRESH", "Invalid Refresh Token",
      "The refresh token is unknown, expired, revoked or was used before.")
  end
  return success(tokens.answer(world, knobs, current))
end

local EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
local ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

-- Any subject token passes: there is no identity provider to ask.
local function exchange(world, knobs, request)
  local kind = request.headers["content-type"] or ""
  if not kind:find("application/x-www-form-urlencoded", 1, true) then
    return errors.oauth(400, "invalid_request", "the body must be a form")
  end
  local fields = form.decode(request.body)
  if fields.grant_type ~= EXCHANGE then
    return errors.oauth(400, "unsupported_grant_type", EXCHANGE .. " only")
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

-- Undocumented: all that is known is that it answers a jwt_token. This one
-- is unsigned, so that nobody takes it for a real one.
local function userinfo(world)
  local header = world.encode { alg = "none", typ = "JWT" }
  local claims = world.encode { sub = world.accounts.user_name }
  return success {
    jwt_token = base64url(world, header) .. "." .. base64url(world, claims)
      .. ".",
  }
end

-- How they say no when a knob tells them to.
local function refuse(status, _, knobs)
  local response = errors.refused(knobs)
  response.status = status
  return response
end

-- 409 is the one that is worth a repetition.
local function refuse_exchange(status)
  return errors.oauth(status, status == 409 and "conflict"
    or "invalid_grant", "the emulator was told to refuse")
end

---@type equinix.emulator.Row[]
M.rows = {
  { method = "POST", path = "/oauth2/v1/token", call = token,
    issues_tokens = true, refuse = refuse },
  { method = "POST", path = "/oauth2/v1/refreshaccesstoken", call = refresh,
    issues_tokens = true, refuse = refuse },
  { method = "POST", path = "/use/token", call = exchange,
    issues_tokens = true, refuse = refuse_exchange },
  { method = "GET", path = "/oauth2/v1/userinfo", call = userinfo,
    bearer = true },
}

return M
