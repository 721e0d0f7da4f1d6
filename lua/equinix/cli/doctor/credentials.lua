--- credentials: whether Equinix accepts the credentials.
--
-- Law of this file: the token request is an ordinary renewal, under the
-- lock-out guard. So credentials that were refused before are not sent again,
-- and a hundred runs cost one attempt. Where no refusal can be remembered each
-- run costs one attempt: then the result shows no count and says so; and with
-- --no-store no request is made unless the user asks for it.

local core = require "equinix.core"
local exit_code = require "equinix.cli.exit_code"
local lockout_page = require "equinix.oauth.lockout_page"
local result = require "equinix.cli.doctor.result"
local session = require "equinix.store.session"
local settings = require "equinix.cli.doctor.settings"

local M = {}

local LOCKED_AFTER = 5 -- bad attempts in a row (Equinix, API Authentication)

local function ignore() end

-- Bad attempts in a row, as the store keeps them for the next process.
local function refusals(state)
  local config = state.client.config
  local identity = config.identity
  local text = config.store and session.new(config.store, ignore,
    { transport = state.client.tokens.transport })
    :latches(lockout_page.number(identity)):read()
  return (lockout_page.decode(text or nil))
    :account(identity, core.time()).count
end

-- Whether this attempt was stored is read from the store itself: there are
-- many ways to fail, and an older count may belong to another secret.
local function attempts_left(state, before)
  local count = refusals(state)
  if state.latched and count <= before then
    return (": the refusal can't be stored, so each run is another of the %d "
      .. "bad attempts in a row that lock the account"):format(LOCKED_AFTER)
  elseif count == 0 then
    return ""
  end
  return (" (%d bad in a row; %d left before Equinix locks the account)")
    :format(count, math.max(0, LOCKED_AFTER - count))
end

local REMEDY = {
  client_credentials = "compare %s with the app in Equinix's developer "
    .. "portal; a new secret is tried at once",
  token_exchange = "compare %s with the settings of your organization at "
    .. "Equinix, and check that the subject token is still valid; a new one "
    .. "is tried at once",
}

-- What to check, by the names of the variables.
local function remedy(config)
  local names = {}
  for i, source in ipairs(settings.sources(config.grant)) do
    names[i] = source.variable
  end
  return REMEDY[config.grant]:format(config.has_profile_credentials
    and config.profile or table.concat(names, " and "))
end

local function request_failed(state, err, before)
  local code = exit_code.of(err)
  if err.kind ~= "auth" then
    return result.failed(code, err.message)
  end
  return result.failed(code, err.message .. attempts_left(state, before),
    remedy(state.client.config))
end

-- A token of the user's own is tried at the endpoint that says whose it is,
-- since no token request is made for it.
local function try_static(state)
  local response, err = state.client:get "/oauth2/v1/userinfo"
  if response then
    return result.ok "the token is accepted"
  elseif err.status == 401 then
    return result.failed(3, err.message, "set EQUINIX_API_TOKEN to a new "
      .. "token")
  end
  return result.skipped("it is unknown whether the token is accepted: %s",
    err.message)
end

--- Are the credentials accepted?
function M.token(state)
  if state.unusable then
    return result.skipped("nothing is sent; fix the %s first", state.unusable)
  elseif not state.reached then
    return result.skipped "the server was not reached"
  elseif state.client.config.grant == "static" then
    return try_static(state)
  elseif state.args.no_store and not state.args.try_credentials then
    return result.skipped("no token request made: with --no-store no refusal "
      .. "is remembered, so each run with bad credentials is one of the %d "
      .. "attempts that lock the account; --try-credentials sends them",
      LOCKED_AFTER)
  end
  local before = refusals(state)
  local token, err = state.client:refresh()
  if not token then
    return request_failed(state, err, before)
  end
  return result.ok("accepted; a token for %.0f s%s", token.expires_in,
    token.user_name and ", of " .. token.user_name or "")
end

return M
