--- operation: one of the capability's operations with the caller's own body.
--
-- Law of this file: what the caller brought goes out as it is and what comes
-- back is returned as it came, whatever its status. No bearer, no cache, no
-- repetition. But the lock-out guard of the account holds here as well: bad
-- attempts count, and credentials that are latched are not sent.

local account = require "equinix.account"
local capability = require "equinix.capability"
local core = require "equinix.core"
local err = require "equinix.error"
local grant = require "equinix.grant"
local json = require "equinix.json"
local response = require "equinix.response"

local M = {}

local BY_NAME = {}
for _, operation in ipairs(capability.operations) do
  BY_NAME[operation.name] = operation
end

--- The operation of that name; nil when there is none.
function M.find(name)
  return BY_NAME[name]
end

--- All names, for messages.
M.names = {}
for i, operation in ipairs(capability.operations) do
  M.names[i] = operation.name
end

-- The credentials in a body, as far as they can be read; their account is
-- the same one that a client of these credentials has.
local function account_of(config, fields)
  if type(fields) ~= "table" or type(fields.client_id) ~= "string" then
    return nil
  end
  local function text(name)
    return type(fields[name]) == "string" and fields[name] or nil
  end
  local password = text "user_password"
  local who = {
    origin = config.origin,
    client_id = fields.client_id,
    user_name = text "user_name",
    grant = text "user_name" and "password" or "client_credentials",
    user_password = password and function()
      return password
    end,
  }
  return grant.identity(who), grant.proof(who, text "client_secret" or "")
end

local function send(client, operation, body)
  local request, op = grant.raw(client.config, operation.path, body)
  local answer, problem = client.transport.send(request,
    client.config.timeout)
  if not answer then
    return nil, err.from_transport(problem, op)
  end
  return response.new(answer, request.url), op
end

local function refused(answer, op, operation)
  if answer.status >= 200 and answer.status < 400 then
    return false
  end
  local renewing = operation.path == grant.REFRESH_PATH
  return grant.refused(grant.failure(answer, op, {}, renewing, os.time()),
    renewing)
end

-- Under the guard of the body's account.
local function guarded(client, operation, body, identity, proof)
  local seconds = client.config.timeout
  local held, problem = account.enter(identity, proof, client.transport,
    seconds, core.now() + seconds)
  if not held then
    return nil, problem
  end
  if held:pause() > 0 then
    problem = held:latched()
    held:leave()
    return nil, problem
  end
  local ok, answer, op = pcall(send, client, operation, body)
  if ok and answer then
    if refused(answer, op, operation) then
      held:refused()
    elseif answer.status >= 200 and answer.status < 300 then
      held:accepted()
    end
  end
  held:leave()
  if not ok then
    error(answer, 0)
  elseif not answer then
    return nil, op
  end
  return answer
end

--- Sends it.
---@param client table config, transport
---@param operation table of the capability
---@param body table|string
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.run(client, operation, body)
  local fields, text = body, body
  if type(body) == "table" then
    local message
    text, message = json.encode(body)
    if not text then
      return err.fail("config", "the body can't be encoded: " .. message)
    end
  else
    fields = json.decode(body)
  end
  local identity, proof = account_of(client.config, fields)
  if identity then
    return guarded(client, operation, text, identity, proof)
  end
  local answer, problem = send(client, operation, text)
  if not answer then
    return nil, problem
  end
  return answer
end

return M
