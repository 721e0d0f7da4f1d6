--- passthrough: one of the two operations with the caller's own body.
--
-- Law of this file: what the caller brought goes out as it is and what comes
-- back is returned as it came, whatever its status. No bearer, no cache, no
-- retry. But the lock-out guard of the account holds here as well: bad
-- attempts count, and credentials that are held back are not sent.

local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local form = require "equinix.http.form"
local grant = require "equinix.oauth.grant"
local http_response = require "equinix.http.response"
local json = require "equinix.base.json"
local lockout = require "equinix.oauth.lockout"
local operations = require("equinix.oauth.operations").operations
local session = require "equinix.store.session"
local token_response = require "equinix.oauth.token_response"

local M = {}

local BY_NAME = {}
for _, operation in ipairs(operations) do
  BY_NAME[operation.name] = operation
end

--- The operation of that name; nil when there is none.
function M.find(name)
  return BY_NAME[name]
end

--- All names, for messages.
M.names = {}
for i, operation in ipairs(operations) do
  M.names[i] = operation.name
end

-- A member as text; a number is probably meant to be text.
local function text_of(fields, name)
  local value = fields[name]
  if type(value) == "number" then
    return form.text(value)
  end
  return type(value) == "string" and value or nil
end

---@class equinix.Account whose credentials a body has
---@field identity string of cache_key
---@field proof string
---@field secret string

-- The credentials in a body, as far as they can be read; their account is the
-- same one that a client of these credentials has. A user counts only where
-- it signs in: Equinix takes `password` when grant_type is left out.
---@return equinix.Account|nil
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
  local asker = {
    origin = config.origin,
    client_id = id,
    user_name = user,
    grant = user and "password" or "client_credentials",
    user_password = password and function()
      return password
    end,
  }
  return {
    identity = cache_key.identity(asker),
    proof = cache_key.proof(asker, secret),
    secret = secret,
  }
end

-- Where bad attempts are counted for all that share the client's store.
local function stored_latch(client, account)
  local store = client.config.store
  if store and not session.forbids(account.secret) then
    return session.new(store, client.emit):latch(account.identity)
  end
end

local function send(client, call)
  local request, op = grant.raw(client.config, call.operation.path, call.body,
    call.traceparent)
  local seconds = call.deadline - core.now()
  if seconds <= 0 then
    return errors.fail("timeout", op .. ": the deadline passed before it "
      .. "could be sent", { op = op, code = "token_wait" })
  end
  local response, transport_err = client.transport.send(request, seconds)
  if not response then
    return nil, errors.from_transport(transport_err, op)
  end
  return http_response.new(response, request.url), op
end

-- What a response says about the credentials.
local function verdict_of(response, op, operation)
  if http_response.SUCCESS[response.status]
    and not token_response.is_error(response) then
    return "accepted"
  end
  local refreshing = operation.path == grant.REFRESH_PATH
  return token_response.refused(token_response.error(response, op, {},
    refreshing, os.time()), refreshing) and "refused" or "unknown"
end

-- Under the guard of the body's account.
local function send_guarded(client, call, account)
  local _, result = lockout.guarded({
    identity = account.identity,
    proof = function()
      return account.proof
    end,
    transport = client.transport,
    seconds = client.config.lease_seconds,
    deadline = call.deadline,
    stored = stored_latch(client, account),
    foreign = account.identity ~= client.config.identity,
  }, function()
    local response, op = send(client, call)
    if not response then
      return "unknown", { err = op }
    end
    return verdict_of(response, op, call.operation), { response = response }
  end)
  return result.response, result.err
end

--- Sends it.
---@param client table config, transport, emit
---@param operation table of oauth/operations
---@param body table|string
---@param traceparent? string of the caller
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.run(client, operation, body, traceparent)
  if not client.transport.can_wait() then
    return errors.fail("config", "this place may not wait for a response; "
      .. "call where waiting is allowed", { code = "cannot_wait" })
  end
  local fields, text = body, body
  if type(body) == "table" then
    local message
    text, message = json.encode(body)
    if not text then
      return errors.fail("config", "the body can't be encoded: " .. message)
    end
  else
    fields = json.decode(body)
  end
  local call = { operation = operation, body = text,
    traceparent = traceparent,
    deadline = core.now() + client.config.timeout }
  local account = account_of(client.config, fields)
  if account then
    return send_guarded(client, call, account)
  end
  local response, err = send(client, call)
  if not response then
    return nil, err
  end
  return response
end

return M
