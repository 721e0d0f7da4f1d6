--- token_endpoint: one exchange with a token endpoint.
--
-- Law of this file: a token request that may have arrived is an attempt and
-- is not sent again; only a connect that sent nothing is, and a 409 of the
-- STS.

local await = require "equinix.transport.await"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local http_response = require "equinix.http.response"
local local_fault = require "equinix.oauth.local_fault"
local retry = require "equinix.http.retry"
local token_response = require "equinix.oauth.token_response"

local M = {}

local MAX_CONFLICTS, FIRST_PAUSE = 5, 0.1 -- of the STS; seconds

-- How long until the request may be sent again; nil: not at all. `count` has
-- what happened so far.
local function pause_after(config, count, response, transport_err)
  if response then
    -- Equinix's STS: a 409 is transient.
    if response.status ~= 409 or config.grant ~= "token_exchange"
      or count.conflicts >= MAX_CONFLICTS then
      return nil
    end
    count.conflicts = count.conflicts + 1
    return FIRST_PAUSE * 2 ^ (count.conflicts - 1)
  elseif count.connects >= config.retry.attempts
    or not retry.allowed("POST", false, nil, transport_err) then
    return nil
  end
  count.connects = count.connects + 1
  return retry.delay(config.retry, count.connects - 1)
end

-- Returns also how often it was sent.
local function send(source, request, op, deadline, meanwhile)
  local count = { connects = 1, conflicts = 0 }
  while true do
    local seconds = deadline - core.now()
    if seconds <= 0 then
      return errors.fail("timeout", op .. ": the deadline passed before it "
        .. "could be sent", { op = op, code = "token_wait" })
    end
    source.emit("token_request", { op = op })
    local response, transport_err = source.transport.send(request, seconds,
      nil, meanwhile)
    if transport_err then
      transport_err = local_fault.explained(transport_err)
    end
    if response or transport_err.maybe_sent
      or not local_fault.is(transport_err) then
      source:count "token_requests"
    end
    local attempts = count.connects + count.conflicts
    local pause = pause_after(source.config, count, response, transport_err)
    if not pause or core.now() + pause >= deadline then
      if response then
        return http_response.new(response, request.url), nil, attempts
      end
      return nil, errors.from_transport(transport_err, op, attempts)
    end
    await.pause(source.transport, pause, meanwhile)
  end
end

--- Sends a token request and reads the response.
---
---     "accepted", {fields, started}   a token; core.now() before the request
---     "refused", {err}                the credentials are bad
---     "unknown", {err}                neither
---
---@param source equinix.TokenSource
---@param request table of equinix.oauth.grant
---@param op string
---@param o {deadline: number, secrets: string[], refreshing: boolean,
---  meanwhile: equinix.transport.meanwhile?} on core.now(); what no echo may
---  bring back; it goes to the refresh endpoint; is called while it is sent
---@return "accepted"|"refused"|"unknown" verdict
---@return table result
function M.exchange(source, request, op, o)
  local start, wall = core.now(), os.time()
  local response, err, attempts = send(source, request, op, o.deadline,
    o.meanwhile)
  if not response then
    return "unknown", { err = err }
  elseif not http_response.SUCCESS[response.status]
    or token_response.is_error(response) then
    err = token_response.error(response, op, o.secrets, o.refreshing,
      os.time(), attempts)
    return token_response.refused(err, o.refreshing) and "refused"
      or "unknown", { err = err }
  end
  local fields, extra, dropped = token_response.read(response, op, wall)
  if not fields then
    return "unknown", { err = extra }
  elseif extra then
    source.emit("lifetime_assumed", { op = op,
      expires_in = fields.expires_in })
  end
  if dropped > 0 then
    source.emit("members_dropped", { count = dropped })
  end
  return "accepted", { fields = fields, started = start }
end

return M
