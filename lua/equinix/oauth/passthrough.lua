--- passthrough: one of the capability's operations with the caller's own body.
--
-- Law of this file: what the caller brought goes out as it is and what comes
-- back is returned as it came, whatever its status. No bearer, no cache, no
-- repetition. But the lock-out guard of the account holds here as well: bad
-- attempts count, and credentials that are latched are not sent.

local account = require "equinix.oauth.lockout"
local capability = require "equinix.oauth.operations"
local core = require "equinix.core"
local err = require "equinix.base.error"
local form = require "equinix.http.form"
local grant = require "equinix.oauth.grant"
local json = require "equinix.base.json"
local response = require "equinix.http.response"
local shelf = require "equinix.store.shelf"
local visit = require "equinix.store.session"

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

-- A member as text; a number is what somebody meant to be text.
local function text_of(fields, name)
  local value = fields[name]
  if type(value) == "number" then
    return form.text(value)
  end
  return type(value) == "string" and value or nil
end

-- The credentials in a body, as far as they can be read; their account is the
-- same one that a client of these credentials has. A user counts only where
-- he signs in: Equinix takes `password` when grant_type is left out.
local function account_of(config, fields)
  if type(fields) ~= "table" then
    return nil
  end
  local id, user = text_of(fields, "client_id"), text_of(fields, "user_name")
  if fields.grant_type == "client_credentials" then
    user = nil
  end
  if not id and not user then
    return nil
  end
  local password = text_of(fields, "user_password")
  local secret = text_of(fields, "client_secret") or ""
  local who = {
    origin = config.origin,
    client_id = id,
    user_name = user,
    grant = user and "password" or "client_credentials",
    user_password = password and function()
      return password
    end,
  }
  return grant.identity(who), grant.proof(who, secret), secret
end

-- Where bad attempts are counted for all who share the client's store.
local function latch(client, identity, secret)
  local store = client.config.store
  if store and not shelf.forbids(secret) then
    return shelf.latch(visit.new(store, client.emit), identity)
  end
end

local function send(client, call)
  local request, op = grant.raw(client.config, call.operation.path, call.body)
  grant.trace(request, call.traceparent)
  local seconds = call.deadline - core.now()
  if seconds <= 0 then
    return err.fail("timeout", op .. ": the deadline passed before it could "
      .. "be sent", { op = op, code = "token_wait" })
  end
  local answer, problem = client.transport.send(request, seconds)
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
local function guarded(client, call, identity, proof, secret)
  local held, problem = account.enter(identity, proof, client.transport,
    client.config.timeout, call.deadline, latch(client, identity, secret),
    identity ~= grant.identity(client.config))
  if not held then
    return nil, problem
  end
  if held:pause() > 0 then
    problem = held:latched()
    held:leave()
    return nil, problem
  end
  local ok, answer, op = pcall(send, client, call)
  if ok and answer then
    if refused(answer, op, call.operation) then
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
---@param traceparent? string of the caller
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.run(client, operation, body, traceparent)
  if not client.transport.can_wait() then
    return err.fail("config", "this place may not wait for an answer; call "
      .. "where waiting is allowed", { code = "cannot_wait" })
  end
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
  local call = { operation = operation, body = text,
    traceparent = traceparent,
    deadline = core.now() + client.config.timeout }
  local identity, proof, secret = account_of(client.config, fields)
  if identity then
    return guarded(client, call, identity, proof, secret)
  end
  local answer, problem = send(client, call)
  if not answer then
    return nil, problem
  end
  return answer
end

return M
