--- scripted: a transport with prepared responses, for specs about what happens
-- after one. It keeps everything that was sent.

local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local json = require "equinix.base.json"

local M = {}

local count = 0

--- A new client id for each call, since the cache outlives a spec.
function M.unique(name)
  count = count + 1
  return ("%s-%s-%d"):format(name or "app", core.sha256(tostring(
    core.random())):sub(1, 8), count)
end

--- A response: `scripted.json(200, {...}, {["retry-after"] = "3"})`.
function M.json(status, value, headers)
  local list = { { "Content-Type", "application/json" } }
  for name, text in pairs(headers or {}) do
    list[#list + 1] = { name, text }
  end
  return {
    status = status,
    headers = list,
    body = type(value) == "string" and value or assert(json.encode(value)),
    elapsed = 0,
  }
end

--- A successful response of the token endpoint; `fields` replace defaults.
function M.token(access_token, fields)
  local body = {
    access_token = access_token,
    token_timeout = "3600",
    token_type = "Bearer",
    user_name = "cageadmin",
  }
  for name, value in pairs(fields or {}) do
    body[name] = value
  end
  return M.json(200, body)
end

--- Equinix's response to bad credentials.
function M.refused()
  return M.json(401, {
    errorDomain = "apps-fqa",
    errorTitle = "Login Failure",
    errorCode = "S1006",
    errorMessage = "Login Failure, please try again.",
  })
end

--- A failed transfer, which the port returns as `nil, err`.
function M.broken(kind, maybe_sent, code)
  return { failed = { kind = kind, maybe_sent = maybe_sent,
    code = code or "EBROKEN", message = "scripted failure" } }
end

--- Makes the transport. It uses the responses in order and repeats the last
--- one; a function among them is called with the request.
--- `sent` lists the requests, `slept` the seconds; sleeping takes no time.
--- What a store sends is no request: it goes where it should.
function M.transport(responses)
  local self = { sent = {}, slept = {}, blocking = true, allowed = true }
  function self.send(request, seconds)
    if core.is_exchange(request) then
      return curl.send(request, seconds)
    end
    self.sent[#self.sent + 1] = { request = request, seconds = seconds,
      authorization = (request.headers[#request.headers] or {})[2] }
    local response = responses[math.min(#self.sent, #responses)]
    if type(response) == "function" then
      response = response(request, seconds)
    end
    if response.failed then
      return nil, response.failed
    end
    return response
  end
  --- Sends one after the other, since policy does not depend on concurrency.
  function self.send_many(requests, concurrency, seconds)
    self.batches = self.batches or {}
    self.batches[#self.batches + 1] = { n = #requests,
      concurrency = concurrency, seconds = seconds }
    local results = {}
    for i, request in ipairs(requests) do
      local response, transport_err = self.send(request, seconds)
      results[i] = { response = response, err = transport_err }
    end
    return results
  end
  function self.sleep(seconds)
    self.slept[#self.slept + 1] = seconds
  end
  function self.can_wait()
    return self.allowed
  end
  --- The number of requests to a path.
  function self.count(path)
    local n = 0
    for _, entry in ipairs(self.sent) do
      n = n + (entry.request.url:find(path, 1, true) and 1 or 0)
    end
    return n
  end
  --- The decoded body of request number i.
  function self.body(i)
    return json.decode(self.sent[i].request.body)
  end
  return self
end

--- A client on a scripted transport, with a client id of its own by default.
---@return equinix.Client, table transport, table options
function M.client(responses, opts)
  local transport = M.transport(responses)
  local all = {
    client_id = M.unique(),
    client_secret = "s3cret-of-this-app",
    transport = transport,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return assert(require("equinix").new(all)), transport, all
end

--- Waits for a condition, a minute at most.
function M.until_true(condition, what)
  local limit = core.now() + 60
  while not condition() do
    assert(core.now() < limit, "timed out waiting for: " .. (what or "?"))
    core.sleep(0.005)
  end
end

return M
