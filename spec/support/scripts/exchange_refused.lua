-- exchange_refused: the system refuses an exchange on a kept connection.
--
-- Law of this file: faults.c is preloaded; the arguments are its folder, the
-- server's port and the authority's file ("" without TLS).
local core = require "equinix.core"
local resp = require "spec.support.resp"

local dir, port, ca_file = ...
local engine = core.engine()

local function send(login, word)
  local options = resp.options(tonumber(port), {
    send = resp.command("ECHO", word), tls = ca_file ~= "",
    ca_file = ca_file ~= "" and ca_file or nil })
  options.login = login
  return resp.send(engine, options)
end

local function refuse()
  assert(io.open(dir .. "/refuse", "w")):close()
end

local function refused()
  local file = io.open(dir .. "/refuse")
  return not file or file:close() and false
end

-- Nothing of it has left: it goes out on a new connection.
assert(send("", "first"))
refuse()
local response, err = send("", "second")
assert(refused(), "nothing was refused")
assert(response, err and err.message)
assert(response.body == "+second\r\n" and not response.kept)

-- Without a login there is none to go out on.
refuse()
response, err = send(nil, "third")
assert(refused() and not response)
assert(err.code == "no_connection" and not err.maybe_sent and not err.kept)

-- A new connection that refuses is no kept one; nothing is repeated.
refuse()
response, err = send("", "fourth")
assert(not response or ca_file ~= "")
assert(not err or err.code == "closed" and not err.maybe_sent)
engine:close()
