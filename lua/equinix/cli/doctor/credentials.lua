--- credentials: whether the credentials are accepted, as the doctor sees it.
--
-- Law of this file: it asks as any renewal does, under the lock-out guard. So
-- what was refused before is not sent again, and a doctor that is called a
-- hundred times costs one attempt. Where nothing outlives the process each
-- call costs one: then it counts none, says so, and where it is the user who
-- wants no store it sends none that wasn't asked for.

local grant = require "equinix.oauth.grant"
local guard = require "equinix.oauth.lockout_policy"
local result = require "equinix.cli.doctor.result"
local settings = require "equinix.cli.doctor.settings"
local shelf = require "equinix.store.shelf"
local visit = require "equinix.store.session"

local M = {}

local LOCKED_AFTER = 5 -- bad attempts in a row (Equinix, API Authentication)

local EXIT = { auth = 3, config = 2, network = 4, timeout = 4, tls = 4 }

local function nothing() end

-- Bad attempts in a row, as they rest in the store for the next process.
local function refusals(state)
  local config = state.client.config
  local text = config.store and shelf.latch(visit.new(config.store, nothing),
    grant.identity(config)):read()
  return guard.decode(text or nil).count
end

-- The store itself is asked whether this attempt got there: there are many
-- ways not to, and a count that is of another secret may be there before.
local function attempts_left(state, before)
  local count = refusals(state)
  if state.latched and count <= before then
    return (": it is remembered nowhere, so each run is one more of the %d "
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
  token_exchange = "compare %s with what your organization has at Equinix, "
    .. "and is the subject token still good? A new one is tried at once",
}

-- What to look at, by the names of the variables.
local function remedy(kind)
  local names = {}
  for i, source in ipairs(settings.sources(kind)) do
    names[i] = source.variable
  end
  return REMEDY[kind]:format(table.concat(names, " and "))
end

local function refused(state, problem, before)
  local code = EXIT[problem.kind] or 1
  if problem.kind ~= "auth" then
    return result.failed(code, problem.message)
  end
  return result.failed(code, problem.message .. attempts_left(state, before),
    remedy(state.client.config.grant))
end

-- There is no token request behind a token of the user's own: it is shown to
-- the endpoint that says whose it is.
local function try_static(state)
  local answer, problem = state.client:get "/oauth2/v1/userinfo"
  if answer then
    return result.ok "the token is accepted"
  elseif problem.status == 401 then
    return result.failed(3, problem.message, "get a new token into "
      .. "EQUINIX_API_TOKEN")
  end
  return result.skipped("whether the token is accepted can't be told: %s",
    problem.message)
end

--- Are the credentials accepted?
function M.token(state)
  if not state.client then
    return result.skipped "mend the credentials first"
  elseif not state.reached then
    return result.skipped "the server is not reached"
  elseif state.client.config.grant == "static" then
    return try_static(state)
  elseif state.args.no_store and not state.args.try_credentials then
    return result.skipped("not asked for one: with --no-store no refusal is "
      .. "remembered, so each run with bad credentials is one of the %d that "
      .. "lock the account; --try-credentials sends them", LOCKED_AFTER)
  end
  local before = refusals(state)
  local token, problem = state.client:refresh()
  if not token then
    return refused(state, problem, before)
  end
  return result.ok("accepted; a token for %.0f s%s", token.expires_in,
    token.user_name and ", of " .. token.user_name or "")
end

return M
