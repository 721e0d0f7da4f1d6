-- demo: the life of a token, against a local Equinix, step by step.
--
--     make demo
--
-- Starts the emulator over TLS, gets a token, renews it, books a shipment, and
-- reads from the emulator's log how many token requests that took. Exits with
-- a code other than 0 as soon as a step does not do what it says.
local root = arg[0]:match "^(.-)[^/]*$" .. "../"
local build = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = root .. "lua/?.lua;" .. root .. "lua/?/init.lua;"
  .. package.path
package.cpath = root .. "build/" .. build .. "/?.so;" .. package.cpath

local core = require "equinix.core"
local equinix = require "equinix"
local json = require "equinix.base.json"
local quote = require("equinix.base.shell").quote

local CALLS = 50

-- Output --------------------------------------------------------------------

local step_number = 0

local function step(title)
  step_number = step_number + 1
  print(("\n%d. %s"):format(step_number, title))
end

local function show(...)
  print("   " .. (...):format(select(2, ...)))
end

local function expect(condition, ...)
  if not condition then
    error("expected " .. (...):format(select(2, ...)), 0)
  end
end

-- The first four characters of a token are shown, here as in the log.
local function redacted(token)
  return token.access_token:sub(1, 4) .. "…"
end

-- The emulator --------------------------------------------------------------

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then
    return ""
  end
  local text = file:read "*a"
  file:close()
  return text
end

-- The emulator ends when the returned pipe is closed, so it never outlives
-- this program.
local function start_emulator()
  local ready_file = os.tmpname()
  local pipe = assert(io.popen(("%s emulator --port 0 --until-eof "
    .. "--set refresh_tokens=true --ready-file %s >/dev/null "
    .. "|| echo failed >%s"):format(quote(root .. "bin/equinix-auth"),
    quote(ready_file), quote(ready_file)), "w"))
  local deadline = core.now() + 30
  local text
  repeat
    core.sleep(0.02)
    text = read_file(ready_file)
  until text ~= "" or core.now() > deadline
  os.remove(ready_file)
  local emulator = json.decode(text)
  expect(type(emulator) == "table", "the emulator to start")
  return emulator, pipe
end

local function new_client(emulator, changes)
  local options = {
    base_url = emulator.base_url,
    ca_file = emulator.ca_file,
    client_id = emulator.client_id,
    client_secret = emulator.client_secret,
  }
  for name, value in pairs(changes or {}) do
    options[name] = value or nil
  end
  return equinix.assert(equinix.new(options))
end

-- How often each route was called, by the log of the emulator.
local function routes(client)
  local log = equinix.assert(client:get "/_emulator/log"):json()
  return setmetatable(log.routes, {
    __index = function()
      return 0
    end,
  }), log
end

local TOKEN = "POST /oauth2/v1/token"
local REFRESH = "POST /oauth2/v1/refreshaccesstoken"

-- The steps -----------------------------------------------------------------

local function get_a_token(emulator, client)
  step "A token, over verified TLS"
  local without_ca = new_client(emulator, { ca_file = false })
  local _, err = without_ca:token()
  expect(err and err.kind == "tls", "TLS to be refused without the CA")
  show("without the CA: %s", err.message)
  without_ca:close()
  local token = equinix.assert(client:token())
  show("with the CA:    %s %s for %s, lives %d s", token.token_type,
    redacted(token), token.user_name, token.expires_in)
  return token
end

local function renew_it(client, first)
  step "The next token, by the refresh token"
  local second = equinix.assert(client:refresh())
  expect(second.access_token ~= first.access_token, "a new token")
  expect(routes(client)[REFRESH] == 1, "one refresh in the log")
  show("%s became %s by %s", redacted(first), redacted(second), REFRESH)
end

local function book_a_shipment(client)
  step "The shipment of Equinix's guide"
  local order = {
    type = "INBOUND",
    requestedDateTime = os.date("!%Y-%m-%dT10:00:00Z",
      os.time() + 7 * 86400),
    cageId = "AM1:01:000111",
    details = { carrier = "UPS", numberOfBoxes = 2 },
  }
  local response = equinix.assert(
    client:post("/colocations/v2/orders/shipments", { json = order }))
  local location = response.headers.location
  expect(response.status == 202 and location, "202 and a Location")
  show("POST /colocations/v2/orders/shipments: %d, Location: %s",
    response.status, location)
  local booked = equinix.assert(client:get(location)):json()
  expect(booked.cageId == order.cageId, "the order that was sent")
  show("GET %s: %s, %s, %d boxes by %s", location, booked.status, booked.type,
    booked.details.numberOfBoxes, booked.details.carrier)
end

local function call_often(client)
  step(CALLS .. " further calls")
  local before, log_before = routes(client)
  for _ = 1, CALLS do
    equinix.assert(client:get "/fabric/v4/ports")
  end
  local after, log_after = routes(client)
  local calls = after["GET /fabric/v4/ports"]
    - before["GET /fabric/v4/ports"]
  local token_requests = log_after.token_requests - log_before.token_requests
  expect(calls == CALLS, "%d calls in the log, not %d", CALLS, calls)
  expect(token_requests == 0, "no token request, not %d", token_requests)
  show("the emulator's log: %d calls, %d token requests for them", calls,
    token_requests)
  show("since the start: %d by %s, %d by %s", after[TOKEN], TOKEN,
    after[REFRESH], REFRESH)
end

local function try_a_wrong_secret(emulator, client)
  step "A wrong secret"
  local before = routes(client)[TOKEN]
  local bad_client = new_client(emulator, { client_secret = "not-the-secret" })
  local _, err = bad_client:token()
  expect(err and err.kind == "auth", "an error of kind auth")
  show("%s", tostring(err))
  -- Five bad attempts would lock the account, but these send nothing.
  for _ = 1, 10 do
    expect(not bad_client:token(), "no token")
  end
  bad_client:close()
  local sent = routes(client)[TOKEN] - before
  expect(sent == 1, "one bad attempt in the log, not %d", sent)
  show("requested 11 times, sent once, by the emulator's log")
end

local function end_it(emulator, pipe)
  step "The end"
  pipe:close() -- waits for the emulator
  local left = io.open(emulator.ca_file)
  expect(not left, "the emulator's directory to be removed")
  show("the emulator has ended, and its directory is gone")
end

local function run()
  step "A local Equinix"
  local emulator, pipe = start_emulator()
  show("%s, with a CA made for this run", emulator.base_url)
  local client = new_client(emulator)
  local token = get_a_token(emulator, client)
  renew_it(client, token)
  book_a_shipment(client)
  call_often(client)
  try_a_wrong_secret(emulator, client)
  client:close()
  end_it(emulator, pipe)
end

local ok, failure = pcall(run)
if not ok then
  io.stderr:write("\ndemo: FAILED: ", tostring(failure), "\n")
  os.exit(1, true)
end
print "\nAll steps succeeded."
