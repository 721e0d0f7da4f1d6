-- All processes of a large fleet start at once, with no token anywhere: one
-- request, and few store steps for each process that waits. `make soak` sets
-- the number to 1,000; here is a sample.
--
-- All of them share the processors of this machine, so they have loaded their
-- modules before; each of a real fleet has its own.
local core = require "equinix.core"
local fleets = require "spec.support.fleet"
local host = require "spec.support.host"
local redis = require "spec.support.redis"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local PROCESSES = tonumber(os.getenv "FLEET_COLD" or 24)
local LATENCY = tonumber(os.getenv "FLEET_COLD_LATENCY" or 4) -- seconds
local OF_ONE_HOST = 50 -- processes; the host program has at most 64
local MOST_STEPS = 5 -- a second, for each waiter
local PATIENT = 240 -- seconds: the machine may be slower than the fleet

local scene = fleets.scene()
local server, before

setup(function()
  before, host.limit = host.limit, PATIENT + 60
  server = redis.start()
end)
teardown(function()
  host.limit = before
  server:stop()
end)

-- Steps are scripts, as clients send them; what is called inside of scripts
-- does not count.
local function steps()
  local stats, sum = server:ask("INFO", "commandstats"), 0
  for calls in stats:gmatch "cmdstat_eval[sha]*:calls=(%d+)" do
    sum = sum + tonumber(calls)
  end
  return sum
end

local function start()
  local all, left = {}, PROCESSES
  while left > 0 do
    all[#all + 1] = scene:fleet({ port = server.port },
      math.min(left, OF_ONE_HOST), PATIENT, { look = 0.1, warm = true })
    left = left - OF_ONE_HOST
  end
  return all
end

describe("a cold start of a fleet", function()
  it("costs one request, and few steps for each that waits", function()
    scene.e:config { token_latency = LATENCY }
    local all = start()
    server:ask("CONFIG", "RESETSTAT")
    local begun = core.now()
    for _, fleet in ipairs(all) do
      fleet:begin()
    end
    fleets.await_requests(scene.e, 1)
    local results = {}
    for _, fleet in ipairs(all) do
      for _, result in ipairs(fleet:results()) do
        results[#results + 1] = result
      end
    end
    local seconds, made = core.now() - begun, steps()
    local rate = made / PROCESSES / seconds
    local said, failed = fleets.said(results, "store_failed")
    if os.getenv "FIGURES" then
      print(("\n  %d processes, a request of %d s: all had the token after "
        .. "%.1f s; %d requests; %d store steps, %.1f a second for each; "
        .. "%d events %s"):format(PROCESSES, LATENCY, seconds,
        fleets.requests(scene.e), made, rate, failed, table.concat(said,
        "\n  ")))
    end
    fleets.assert_one_token(results)
    assert.equal(PROCESSES, #results)
    assert.equal(1, fleets.requests(scene.e))
    assert(rate <= MOST_STEPS, ("%.1f steps a second"):format(rate))
  end)
end)
