--- grant: the requests to a token endpoint, as values. No I/O.
--
-- Law of this file: field names and shapes are Equinix's ("API
-- Authentication", operations getOAuth2AccessToken and
-- refreshOAuth2AccessToken) and RFC 6749's.

local form = require "equinix.http.form"
local json = require "equinix.base.json"
local trace = require "equinix.http.traceparent"

local M = {}

M.TOKEN_PATH = "/oauth2/v1/token"
M.REFRESH_PATH = "/oauth2/v1/refreshaccesstoken"
local EXCHANGE_PATH = "/use/token"

local FORM = "application/x-www-form-urlencoded"
local JSON = "application/json"
local MAX_RESPONSE = 64 * 1024 -- bytes; no token response is near that

-- A token request is a POST that goes out once, whatever a server guarantees.
-- It leaves its connection to the API calls that follow. It continues its
-- caller's trace; a traceparent that is malformed is dropped, as the
-- recommendation says.
local function post(config, url, content_type, body, traceparent)
  local headers = {
    { "Content-Type", content_type },
    { "Accept", JSON },
    { "User-Agent", config.user_agent },
  }
  if traceparent and trace.is_valid(traceparent) then
    headers[4] = { "traceparent", traceparent }
  end
  return {
    method = "POST",
    url = url,
    headers = headers,
    body = body,
    once = true,
    may_resend = false,
    account = config.identity,
    raw_headers = true,
    max_body = MAX_RESPONSE,
    connect_timeout = config.connect_timeout,
    ca_file = config.ca_file,
    client_cert = config.client_cert,
    client_key = config.client_key,
    client_key_password_file = config.client_key_password_file,
    proxy = config.proxy,
  }
end

local function encoded(config, path, fields, traceparent)
  local url, op = config.base_url .. path, "POST " .. path
  if config.encoding == "form" then
    return post(config, url, FORM, form.encode(fields), traceparent), op
  end
  return post(config, url, JSON, json.encode(fields), traceparent), op
end

--- The request with a body of the caller's: on a connection of its own, as
--- it is not known whose secrets the body has.
---@param config equinix.Config
---@param path string
---@param body string JSON
---@param traceparent? string
---@return table request
---@return string op
function M.raw(config, path, body, traceparent)
  local request = post(config, config.base_url .. path, JSON, body,
    traceparent)
  request.fresh_connect, request.account = true, nil
  return request, "POST " .. path
end

local EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
local ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"

-- RFC 8693, section 2.1; Equinix's STS reads forms.
local function exchange(config, subject, traceparent)
  return post(config, config.sts_url .. EXCHANGE_PATH, FORM, form.encode {
    grant_type = EXCHANGE,
    scope = config.scope,
    subject_token = subject,
    subject_token_type = ID_TOKEN,
  }, traceparent), "POST " .. EXCHANGE_PATH
end

--- The request for a new token by the configured grant.
---@param config equinix.Config
---@param secret string the client secret, or the subject token, as read for
---  this request
---@param traceparent? string
---@return table request
---@return string op
function M.issue(config, secret, traceparent)
  if config.grant == "token_exchange" then
    return exchange(config, secret, traceparent)
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
  return encoded(config, M.TOKEN_PATH, fields, traceparent)
end

--- The request that trades a refresh token in.
---@param config equinix.Config
---@param secret string
---@param refresh_token string
---@param traceparent? string
---@return table request
---@return string op
function M.refresh(config, secret, refresh_token, traceparent)
  return encoded(config, M.REFRESH_PATH, {
    client_id = config.client_id,
    client_secret = secret,
    refresh_token = refresh_token,
  }, traceparent)
end

return M
