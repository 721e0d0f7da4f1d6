--- token_endpoint: one exchange with a token endpoint.
--
-- Law of this file: a token request that may have arrived is an attempt and
-- is not sent again; only a connect that sent nothing is, and a 409 of the
-- STS.

local core = require "equinix.core"
local err = require "equinix.base.error"
local grant = require "equinix.oauth.grant"
local response = require "equinix.http.response"
local retry = require "equinix.http.retry"

local M = {}

local MAX_CONFLICTS, FIRST_PAUSE = 5, 0.1 -- of the STS; seconds

-- How long until this may be sent again; nil: not at all. `count` holds what
-- happened so far.
local function pause_after(config, count, answer, problem)
  if answer then
    -- Equinix's STS: a 409 is transient.
    if answer.status ~= 409 or config.grant ~= "token_exchange"
      or count.conflicts >= MAX_CONFLICTS then
      return nil
    end
    count.conflicts = count.conflicts + 1
    return FIRST_PAUSE * 2 ^ (count.conflicts - 1)
  elseif count.connects >= config.retry.attempts
    or not retry.allowed("POST", false, nil, problem) then
    return nil
  end
  count.connects = count.connects + 1
  return retry.delay(config.retry, count.connects - 1)
end

local function send(self, request, op, deadline)
  local count = { connects = 1, conflicts = 0 }
  while true do
    local seconds = deadline - core.now()
    if seconds <= 0 then
      return err.fail("timeout", op .. ": the deadline passed before it could "
        .. "be sent", { op = op, code = "token_wait" })
    end
    self:count "token_requests"
    self.emit("token_request", { op = op })
    local answer, problem = self.transport.send(request, seconds)
    local pause = pause_after(self.config, count, answer, problem)
    if not pause or core.now() + pause >= deadline then
      if answer then
        return response.new(answer, request.url)
      end
      return nil, err.from_transport(problem, op)
    end
    self.transport.sleep(pause)
  end
end

--- Sends and reads.
---@param self equinix.Flight
---@param request table of equinix.oauth.grant
---@param op string
---@param deadline number on core.now()
---@param secrets string[] what no echo may bring back
---@param renewing boolean it goes to the refresh endpoint
---@return table|nil token
---@return number|equinix.Error start of the request on core.now(), or why not
---@return boolean|nil refused the credentials are bad
function M.ask(self, request, op, deadline, secrets, renewing)
  local start, wall = core.now(), os.time()
  local answer, problem = send(self, request, op, deadline)
  if not answer then
    return nil, problem, false
  end
  if answer.status < 200 or answer.status > 299 then
    problem = grant.failure(answer, op, secrets, renewing, os.time())
    return nil, problem, grant.refused(problem, renewing)
  end
  local fields, assumed = grant.read(answer, op, wall)
  if not fields then
    return nil, assumed, false
  end
  if assumed then
    self.emit("lifetime_assumed", { op = op, expires_in = fields.expires_in })
  end
  return fields, start
end

return M
