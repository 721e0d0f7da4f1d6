-- Renewal after renewal over a cluster whose masters stop: no call fails, no
-- refresh token is presented twice. `make soak` sets the environment so that
-- it takes minutes; here is a sample.
local fleets = require "spec.support.fleet"
local host = require "spec.support.host"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read
local redis = require "spec.support.redis"
local redis_cluster = require "spec.support.redis_cluster"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local function setting(name, sample)
  return tonumber(os.getenv(name) or sample)
end

local PROCESSES = setting("FLEET_PROCESSES", 4)
local RENEWALS = setting("FLEET_RENEWALS", 16)
local STOP_EVERY = setting("FLEET_STOP_EVERY", 20) -- seconds
local LATENCY = setting("FLEET_LATENCY", 0.3) -- of a token request, seconds
-- Token requests for a renewal: a process that the system lets wait for longer
-- than a request takes begins a renewal of its own.
local MOST = setting("FLEET_MOST", 1.5)
-- In the sample they are long, since the machine does more than that.
local GRACE, TIMEOUT = setting("FLEET_GRACE", 20), setting("FLEET_TIMEOUT", 60)
local REFRESH = "/oauth2/v1/refreshaccesstoken"

local scene = fleets.scene()
local cluster, before

setup(function()
  before, host.limit = host.limit, setting("FLEET_LIMIT", 300)
  cluster = redis_cluster.start { timeout = 1000 }
end)
teardown(function()
  host.limit = before
  cluster:stop()
end)

-- The statuses of refresh requests, as a counter that is fed now and then,
-- since the emulator remembers only its last thousand requests.
local function new_counter()
  local last, counts = 0, {}
  return function()
    for _, entry in ipairs(scene.e:log().requests) do
      if entry.n > last then
        last = entry.n
        if entry.path == REFRESH then
          counts[entry.status] = (counts[entry.status] or 0) + 1
        end
      end
    end
    return counts
  end
end

-- Stops the node that has the records, in two ways by turns.
local function stop_owner(stops, runs)
  local key = cluster:keys "equinix:*token*"[1]
  local node = cluster:master_of(key)
  if stops % 2 == 0 then
    node:kill()
  else
    cluster:pause(node)
  end
  process.eventually(function()
    return not runs() or (cluster:master_of(key) or node) ~= node
  end, 60)
  cluster:heal()
end

-- Stops one every few seconds, and at least one. -> how often
local function trouble(dir, runs, statuses)
  local stops, next_stop = 0, os.time() + STOP_EVERY
  local function is_due()
    return os.time() >= next_stop or stops == 0
      and (tonumber((read_file(dir .. "/round"))) or 0) > RENEWALS / 3
  end
  while runs() do
    process.eventually(function()
      return not runs() or is_due()
    end, 5)
    statuses()
    if runs() and is_due() then
      stop_owner(stops, runs)
      stops = stops + 1
      next_stop = math.max(next_stop + STOP_EVERY, os.time() + 1)
    end
  end
  return stops
end

describe("a fleet that renews while masters stop", function()
  it("fails no call and presents no refresh token twice", function()
    scene.e:config { refresh_tokens = true, rotate = true,
      token_latency = LATENCY }
    local dir = process.tempdir()
    scene:finally(function() process.remove(dir) end)
    fleets.write_options(dir, { emulator = scene.e,
      timeout = TIMEOUT, store = { cluster = cluster:addresses(),
        grace = GRACE, hasty = true } })
    local program = scene:ends(process.start(host.command(
      "--forks " .. PROCESSES, "fleet_soak", dir, RENEWALS)))
    local statuses, begun = new_counter(), os.time()
    local stops = trouble(dir, function()
      return program:alive()
    end, statuses)
    local said = program:stdout() .. program:stderr()
    assert.equal(0, program:wait(), said)
    local requests = scene.e:log().token_requests
    local counts = statuses()
    if os.getenv "FIGURES" then
      print(("\n  %d processes, %d renewals in %d s, %d masters stopped: %d "
        .. "token requests, %d of them by refresh tokens, %d refused\n%s")
        :format(PROCESSES, RENEWALS, os.time() - begun, stops, requests,
          counts[200] or 0, counts[401] or 0, said))
    end
    assert.equal("0", said:match "failed (%d+)", said)
    assert.is_nil(counts[401], said)
    assert.equal(tostring(RENEWALS), read_file(dir .. "/round"))
    assert(requests <= MOST * RENEWALS, requests .. " requests")
    assert(stops > 0, "no master was stopped")
  end)
end)
