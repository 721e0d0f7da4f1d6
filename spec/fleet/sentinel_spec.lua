-- A master that its sentinels replace while a token is fetched, and what a
-- renewal costs afterwards.
local certificates = require "spec.support.certificates"
local fleets = require "spec.support.fleet"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local redis_sentinel = require "spec.support.redis_sentinel"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()
local group

setup(function()
  group = redis_sentinel.start()
end)
teardown(function()
  group:stop()
end)
before_each(function()
  group:heal()
  group:master():ask "FLUSHALL"
end)

-- On a machine that is busy with more, a failover takes longer than the usual
-- grace, so these have a long one.
local function sentinel()
  return { sentinel = { name = group.name, nodes = group:addresses() },
    grace = 20, hasty = true }
end

describe("a master that its sentinels replace", function()
  for how, stop in pairs {
    ["hanging"] = function(server) group:pause(server) end,
    ["killed"] = function(server) server:kill() end,
  } do
    it("costs two requests at most, and a renewal one: " .. how, function()
      scene.e:config { token_latency = 2 }
      local fleet = scene:fleet(sentinel(), 12, 60)
      fleet:begin()
      fleets.await_requests(scene.e, 1)
      local old = group:master()
      stop(old)
      fleets.assert_tokens(fleet:results())
      assert(fleets.requests(scene.e) <= 2, fleets.requests(scene.e))
      assert(process.eventually(function()
        local new = group:master()
        return new and new ~= old and new:info "role" == "master"
      end, 60), "no failover")
      local before = fleets.requests(scene.e)
      -- Where there were two tokens, who had the first takes the second, or
      -- the one that replaces it.
      fleets.assert_tokens(fleet:round())
      assert.equal(before + 1, fleets.requests(scene.e))
    end)
  end
end)

describe("sentinels and servers with TLS and passwords", function()
  it("cost one request, by a URL or by options", function()
    local made = certificates.make()
    scene:finally(function() certificates.remove(made) end)
    local guarded = scene:ends(redis_sentinel.start { tls = made,
      password = true, "--requirepass", "secret", "--masterauth", "secret" })
    scene.e:config { token_latency = 0.5 }
    local list = scene:fleet {
      tls = true, ca_file = made.ca_file, password = "secret",
      sentinel = { name = guarded.name, nodes = guarded:addresses(),
        password = "secret" },
    }:round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
  end)
end)
