-- The workers of nginx with a Redis behind TLS: a step is made on a connection
-- that is kept, in nginx's threads, and blocks no other request.
local certificates = require "spec.support.certificates"
local fleets = require "spec.support.fleet"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local missing = nginx.missing() or redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()
local made, server, n

local OPEN = [[store = assert(require("equinix").store.redis {
  port = %d, tls = true, ca_file = %q, timeout = 10 })]]

-- Steps on the only connection: how long each of them took, in ms.
local STEPS = [[
  local core, store = require "equinix.core", demo.config.store
  local times = {}
  for i = 1, %d do
    local begun = core.now()
    local record, reason = store:load "k"
    assert(not record and not reason, reason)
    times[i] = (core.now() - begun) * 1000
  end
  table.sort(times)
  return times[math.ceil(#times / 2)], times[math.ceil(#times * 0.99)]
]]

setup(function()
  made = certificates.make()
end)
teardown(function()
  certificates.remove(made)
end)
before_each(function()
  server = scene:ends(redis.start { tls = made })
  local more = OPEN:format(server.port, made.ca_file)
  n = scene:ends(nginx.start {
    workers = 2,
    files = { ["demo.lua"] = nginx.client(scene.e, more) },
  })
end)

local function connections()
  return tonumber(server:info "total_connections_received")
end

describe("workers of nginx with a Redis behind TLS", function()
  it("share a token, and a hit makes no step", function()
    local token = [[return assert(demo:authorization())]]
    local first = n:run(token)
    for _ = 1, 10 do
      assert.equal(first, n:run(token))
    end
    assert.equal(1, fleets.requests(scene.e))
    server:ask("CONFIG", "RESETSTAT")
    n:run(token)
    assert.not_matches("eval", server:ask("INFO", "commandstats"))
  end)

  it("make their steps on a kept connection", function()
    local median, slow = n:run(STEPS:format(200))
    if os.getenv "FIGURES" then
      print(("\n  a kept step in nginx, over TLS: median %.2f ms, 99 %% below "
        .. "%.2f ms"):format(median, slow))
    end
    -- That of this spec, and one for each worker or thread.
    assert(connections() <= 4, connections() .. " connections")
  end)
end)
