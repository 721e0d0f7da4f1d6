--- account: whether the credentials are accepted, as the doctor sees it.
--
-- Law of this file: it asks as any renewal does, under the lock-out guard. So
-- what was refused before is not sent again, and a doctor that is called a
-- hundred times costs one attempt.

local env = require "equinix.env"
local grant = require "equinix.grant"
local guard = require "equinix.guard"
local result = require "equinix.cli.doctor.result"
local shelf = require "equinix.shelf"
local visit = require "equinix.visit"

local M = {}

local LOCKED_AFTER = 5 -- bad attempts in a row (Equinix, API Authentication)

local EXIT = { auth = 3, config = 2, network = 4, timeout = 4, tls = 4 }

local function nothing() end

-- Bad attempts in a row: of this run, else as they rest in the store.
local function refusals(state)
  if state.latched then
    return state.latched.refusals
  end
  local config = state.client.config
  if not config.store then
    return nil
  end
  local text = shelf.latch(visit.new(config.store, nothing),
    grant.identity(config)):read()
  return text and guard.decode(text).count
end

local function attempts_left(state)
  local count = refusals(state)
  if not count or count == 0 then
    return ""
  end
  return (" (%d bad in a row; %d left before Equinix locks the account)")
    :format(count, math.max(0, LOCKED_AFTER - count))
end

-- The variables to look at.
local function variables()
  local names = {}
  for _, option in ipairs { "client_id", "client_secret",
    "client_secret_file" } do
    local _, variable = env.get(option)
    names[#names + 1] = variable
  end
  return table.concat(names, " and ")
end

local function refused(state, problem)
  return result.failed(EXIT[problem.kind] or 1, problem.message
    .. (problem.kind == "auth" and attempts_left(state) or ""),
    problem.kind == "auth" and "compare " .. variables() .. " with the app in "
    .. "Equinix's developer portal; a new secret is tried at once" or nil)
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
  end
  local token, problem = state.client:refresh()
  if not token then
    return refused(state, problem)
  end
  return result.ok("accepted; a token for %d s%s", token.expires_in,
    token.user_name and ", of " .. token.user_name or "")
end

return M
