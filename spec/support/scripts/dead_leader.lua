-- dead_leader: the first caller is lost to the others during its token
-- request; they get a token nevertheless.
-- arguments: base_url, client_id, client_secret, a store, what happens to the
-- first one (kill, stop, cut), seconds of the others' timeout, seconds of a
-- lease
local core = require "equinix.core"
local equinix = require "equinix"
local place = require "equinix.tokens.place"
local stores = require "spec.support.stores"
local transport = require "equinix.transport.curl"
local base_url, client_id, client_secret, name, what, seconds, lease = ...

place.LEASE = tonumber(lease)
local store, events = stores.open(name), {}
local client = assert(equinix.new {
  base_url = base_url,
  client_id = client_id,
  client_secret = client_secret,
  timeout = worker == 1 and 60 or tonumber(seconds),
  store = store,
  on_event = function(event, fields)
    if event == "store_failed" then
      events[#events + 1] = fields.op .. ": " .. fields.reason
    end
  end,
})

local function token_requests()
  local response = assert(transport.send({
    method = "GET",
    url = base_url .. "/_emulator/log",
    headers = {},
  }, 30))
  return select(2, response.body:gsub('"path":"\\?/oauth2\\?/v1\\?/token"',
    ""))
end

local OTHERS = 1 -- a tally of those that have a token
local READY = 2 -- 1: the first one asks; 2: the others may

if worker == 1 then
  if what == "cut" then
    -- It is cut off as soon as its request is on its way.
    local send = transport.send
    local port = setmetatable({}, { __index = transport })
    function port.send(request, ...)
      if request.url:find "/token$" then
        store:cut()
      end
      return send(request, ...)
    end
    port.meanwhile = port.send
    client.tokens.transport = port
  end
  host.tally(READY, 1)
  local own, problem = client:token()
  assert(own, tostring(problem))
  assert(what ~= "kill", "the killed caller came back")
  local text = table.concat(events, "\n")
  if what == "stop" then
    assert(text:find "save: stale", text)
  else
    assert(text:find "unreachable", text)
  end
  host.tally(OTHERS, 100)
  return
end
-- One of them looks; then all ask.
while worker == 2 and (host.tally(READY, 0) == 0 or token_requests() == 0) do
  core.sleep(0.01)
end
if worker == 2 then
  if what ~= "cut" then
    host.kill(1, what == "kill" and 9 or 19)
  end
  host.tally(READY, 1)
end
while host.tally(READY, 0) < 2 do
  core.sleep(0.01)
end
local began = core.now()
local token, err = client:token()
assert(token, tostring(err) .. "\n" .. table.concat(events, "\n"))
print(("%d: %.1f s"):format(worker, core.now() - began))
host.tally(OTHERS, 1)
if worker == 2 and what == "stop" then
  while host.tally(OTHERS, 0) < workers - 1 do
    core.sleep(0.01)
  end
  host.kill(1, 18)
end
if what ~= "kill" then
  local limit = core.now() + 60
  while host.tally(OTHERS, 0) < 100 + workers - 1 do
    assert(core.now() < limit, "the first caller did not come back")
    core.sleep(0.01)
  end
end
