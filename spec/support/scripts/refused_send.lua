-- refused_send: the system refuses a request on a kept connection.
--
-- Law of this file: faults.c is preloaded; the arguments are its folder, the
-- server's URL, the authority's file ("" without TLS), and "once" for requests
-- that go out once.
local core = require "equinix.core"

local dir, url, ca_file, once = ...
local handle = core.http()

local function request(path, body)
  return { method = "POST", url = url .. path, body = body,
    ca_file = ca_file ~= "" and ca_file or nil, once = once ~= nil }
end

local function refuse()
  assert(io.open(dir .. "/refuse", "w")):close()
end

local function refused()
  local file = io.open(dir .. "/refuse")
  return not file or file:close() and false
end

for _, body in ipairs { "order", ("x"):rep(10000) } do
  assert(handle:send(request("/first", ""), 10))
  refuse()
  local response, err = handle:send(request("/next", body), 10)
  assert(refused(), "nothing was refused")
  assert(response, err and err.message)
  assert(response.status == 200 and response.connects == 1)
  handle:close() -- with what it has learned of this server
  handle = core.http()
end

-- A new connection that refuses is no kept one; nothing is repeated.
refuse()
local fresh = request("/never", "order")
fresh.fresh_connect = true
local response, err = handle:send(fresh, 10)
assert(not response and err.maybe_sent ~= nil)
handle:close()
