--- passthrough: one of the two operations with the caller's own body.
--
-- Law of this file: what the caller brought goes out as it is and what comes
-- back is returned as it came, whatever its status. No bearer, no cache, no
-- retry. But the lock-out guard of the account holds here as well: bad
-- attempts count, and credentials that are held back are not sent. Callers
-- that send the same at once share one request; and what callers bring never
-- takes all the room that the transport has.

local await = require "equinix.transport.await"
local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local form = require "equinix.http.form"
local grant = require "equinix.oauth.grant"
local http_response = require "equinix.http.response"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local local_fault = require "equinix.oauth.local_fault"
local lockout = require "equinix.oauth.lockout"
local lockout_page = require "equinix.oauth.lockout_page"
local operations = require("equinix.oauth.operations").operations
local session = require "equinix.store.session"
local shared_call = require "equinix.oauth.shared_call"
local token_response = require "equinix.oauth.token_response"

local M = {}

local PACE = { first = 0.005, longest = 0.1 } -- of looks for room, in seconds
local SHARE = 1 / 3 -- of what is left, that one step of a store may take

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

-- Adds an account, once. Its name is the one that a client of these
-- credentials has; an app's proof is its secret alone.
local function add(accounts, identity, secret, password)
  for _, other in ipairs(accounts) do
    if other.identity == identity then
      return
    end
  end
  accounts[#accounts + 1] = { identity = identity,
    proof = cache_key.proof({ user_password = password and function()
      return password
    end }, secret) }
end

-- The accounts of the credentials in a body, as far as they can be read; the
-- same that a client of these credentials has. A user counts only where it
-- signs in: Equinix takes `password` when grant_type is left out. Where it is
-- uncertain which of the two is tried, it counts for both; and so it does
-- where a caller names our own app beside a user.
---@return equinix.Account[]
local function accounts_of(config, operation, fields)
  local id, user = text_of(fields, "client_id"), text_of(fields, "user_name")
  local given = fields.grant_type
  if given == "client_credentials" or operation.path == grant.REFRESH_PATH then
    user = nil
  end
  local secret = text_of(fields, "client_secret") or ""
  local password = text_of(fields, "user_password")
  local asker = { origin = config.origin, client_id = id }
  local accounts = {}
  if id and config.grant ~= "token_exchange"
    and cache_key.folded(id) == cache_key.folded(config.client_id) then
    add(accounts, config.identity, secret, config.grant == "password"
      and password)
  end
  if user then
    asker.grant, asker.user_name = "password", user
    add(accounts, cache_key.identity(asker), secret, password)
  end
  if id and (not user or (given ~= nil and given ~= json.null
      and given ~= "password")) then
    asker.grant = "client_credentials"
    add(accounts, cache_key.identity(asker), secret)
  end
  return accounts
end

-- Where bad attempts are counted for all that share the client's store.
local function stored_latches(client, identity, deadline)
  local store = client.config.store
  if not store then
    return nil
  end
  local use = session.new(store, client.emit, { transport = client.transport })
  use:within(deadline, SHARE)
  return use:latches(lockout_page.number(identity))
end

-- The requests of a client's callers: those that are shared, by key, and the
-- ends of those in flight, as a caller's coroutine may never come back.
local function requests_of(client)
  client.callers = client.callers or { shared = {}, flying = {} }
  return client.callers
end

-- A part of the transport's room is left to the client's own requests.
local CALLERS_PART = 3 / 4
local GRACE = 10 -- seconds beyond its deadline, for a request to come back

-- Takes a place for a request of a caller; false: there is none.
local function take_place(client, call)
  local transport, now = client.transport, core.now()
  local count, flying = 0, requests_of(client).flying
  for other, ends in pairs(flying) do
    if now > ends then
      flying[other] = nil
    else
      count = count + 1
    end
  end
  if transport.capacity and count >= math.max(1, math.floor(
      transport.capacity() * CALLERS_PART)) then
    return false
  end
  flying[call] = call.deadline + GRACE
  return true
end

local function give_place(client, call)
  requests_of(client).flying[call] = nil
end

local function exchange(client, call)
  local request, op = grant.raw(client.config, call.operation.path, call.body,
    call.traceparent)
  local seconds = call.deadline - core.now()
  if seconds <= 0 then
    return errors.fail("timeout", op .. ": the deadline passed before it "
      .. "could be sent", { op = op, code = "token_wait" })
  end
  local received, transport_err = client.transport.send(request, seconds)
  if not received then
    transport_err = local_fault.explained(transport_err)
    return nil, errors.from_transport(transport_err, op),
      transport_err.maybe_sent
  end
  return { received = received, url = request.url, op = op }
end

-- Each caller gets a response of its own.
local function response_of(answer)
  return answer and http_response.new(answer.received, answer.url)
end

-- What a response says about the credentials.
local function verdict_of(answer, operation)
  local response = response_of(answer)
  if http_response.SUCCESS[response.status]
    and not token_response.is_error(response) then
    return "accepted"
  end
  local refreshing = operation.path == grant.REFRESH_PATH
  return token_response.refused(token_response.error(response, answer.op, {},
    refreshing, os.time()), refreshing) and "refused" or "unknown"
end

-- Under the guard of all its accounts, one in the other; the first waits for
-- room as well.
local function under_guards(client, call, accounts, i, send)
  if not accounts[i] then
    return send()
  end
  local identity, proof = accounts[i].identity, accounts[i].proof
  return lockout.guarded({
    identity = identity,
    proof = function()
      return proof
    end,
    transport = client.transport,
    seconds = client.config.lease_seconds,
    deadline = call.deadline,
    stored = stored_latches(client, identity, call.deadline),
    caller = true,
    own = identity == client.config.identity,
    take = i == 1 and function()
      return take_place(client, call)
    end,
    give = i == 1 and function()
      give_place(client, call)
    end,
    wanted = call.wanted,
  }, function()
    return under_guards(client, call, accounts, i + 1, send)
  end)
end

local function send_guarded(client, call, accounts)
  local ok, verdict, result = pcall(under_guards, client, call, accounts, 1,
    function()
      local answer, err, maybe_sent = exchange(client, call)
      if not answer then
        return "unknown", { err = err, maybe_sent = maybe_sent }
      end
      return verdict_of(answer, call.operation), { answer = answer }
    end)
  give_place(client, call)
  if not ok then
    error(verdict, 0)
  end
  return result.answer, result.err
end

-- Whether the caller still waits, as far as the host knows.
local function waits(client)
  local hung_up = client.transport.hung_up
  return not (hung_up and hung_up())
end

-- The same request of several callers is sent once.
local function send_shared(client, call, accounts, value)
  local function wanted()
    return waits(client)
  end
  local key = shared_call.key(call.operation.name, value)
  return shared_call.run(requests_of(client).shared, key, {
    transport = client.transport, deadline = call.deadline, wanted = wanted,
  }, function(shared)
    call.wanted = function()
      return shared() or wanted()
    end
    return send_guarded(client, call, accounts)
  end)
end

-- Without an account there is nothing to guard.
local function send_alone(client, call)
  local place = await.poll(client.transport, PACE, call.deadline, function()
    return take_place(client, call) and "taken"
      or not waits(client) and "dropped" or nil
  end)
  if place == "dropped" then
    return errors.fail("timeout", "not sent: the caller hung up while it "
      .. "waited for its turn", { code = "caller_gone" })
  elseif not place then
    return errors.fail("timeout", "not sent: too many requests of callers "
      .. "are in flight", { code = "token_wait" })
  end
  local ok, answer, err = pcall(exchange, client, call)
  give_place(client, call)
  if not ok then
    error(answer, 0)
  end
  return answer, err
end

-- The members of a body, and its text. A text that is read in several ways,
-- such as one with a name that comes twice, could hide whose account it is.
local function read(body)
  if type(body) == "table" then
    local text, message = json.encode(body)
    if not text then
      return errors.fail("config", "the body can't be encoded: " .. message)
    end
    body = text
  end
  local text = json.without_bom(body)
  local fields = json.decode(text)
  if type(fields) ~= "table" then
    return {}, body
  end
  local value, message = json_text.read(text)
  if not value then
    return errors.fail("config", "not sent: the body is no JSON that every "
      .. "parser reads alike: " .. message, { code = "ambiguous_body" })
  end
  return fields, body, value
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
  local fields, text, value = read(body)
  if not fields then
    return nil, text
  end
  local call = { operation = operation, body = text,
    traceparent = traceparent,
    deadline = core.now() + client.config.timeout }
  local accounts = accounts_of(client.config, operation, fields)
  local answer, err
  if accounts[1] then
    answer, err = send_shared(client, call, accounts, value)
  else
    answer, err = send_alone(client, call)
  end
  return response_of(answer), err
end

return M
