-- Leaders that die, and those that alone are cut off from a store which all
-- others reach: no call fails for that, with any store.
local core = require "equinix.core"
local fleets = require "spec.support.fleet"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local relays = require "spec.support.relay"

local WAITERS = 8

local scene = fleets.scene()
local server

setup(function()
  server = not redis.missing() and redis.start() or nil
end)
teardown(function()
  if server then
    server:stop()
  end
end)
before_each(function()
  if server then
    server:ask "FLUSHALL"
  end
end)

-- One process has sent its token request; the others wait for it, and all but
-- the leader get a token: what(leader) happens meanwhile.
local function lead(o)
  scene.e:config { token_latency = o.timeout > 10 and 3 or 1 }
  local leader = scene:fleet(o.leads or o.store, 1, o.timeout)
  local others = scene:fleet(o.store, WAITERS, o.timeout)
  leader:begin()
  fleets.await_requests(scene.e, 1)
  others:begin()
  o.what(leader)
  fleets.assert_tokens(others:results())
  assert(fleets.requests(scene.e) <= 3, fleets.requests(scene.e))
  return leader
end

local function kill(leader)
  leader:kill(1)
end

local STORES = {
  ["the file store"] = function()
    local dir = process.tempdir()
    scene:finally(function() process.remove(dir) end)
    return "file " .. dir .. "/store"
  end,
}
if not redis.missing() then
  STORES["the Redis store"] = function()
    return { port = server.port, hasty = true }
  end
  STORES["a store of five functions"] = function()
    return { port = server.port, five = true, hasty = true }
  end
end

describe("a leader that is killed fails no caller", function()
  for name, store_for in pairs(STORES) do
    it("with " .. name, function()
      lead { store = store_for(), timeout = 30, what = kill }
    end)

    it("with " .. name .. " and a short timeout", function()
      lead { store = store_for(), timeout = 5, what = kill }
    end)
  end
end)

if redis.missing() then
  pending(redis.missing())
  return
end

describe("a leader that alone is cut off from Redis fails no caller",
  function()
    -- The leader reaches Redis by a relay, the others do not.
    local function cut_off(how, timeout)
      local relay = scene:ends(relays.start(server.port, 0))
      local leader = lead {
        leads = { port = relay.port, hasty = true },
        store = { port = server.port, hasty = true },
        timeout = timeout,
        what = function() how(relay) end,
      }
      fleets.assert_tokens(leader:results())
      assert(fleets.requests(scene.e) <= 3)
    end

    for when, how in pairs {
      ["its network loses everything"] = function(relay) relay:pause() end,
      ["its connections are refused"] = function(relay) relay:stop() end,
    } do
      it("when " .. when, function()
        cut_off(how, 30)
      end)

      it("when " .. when .. ", with a short timeout", function()
        cut_off(how, 5)
      end)
    end

    it("and costs nothing when it is back before its token comes", function()
      local relay = scene:ends(relays.start(server.port, 0))
      local leader = lead {
        leads = { port = relay.port, hasty = true },
        store = { port = server.port, hasty = true },
        timeout = 30,
        what = function()
          relay:pause()
          core.sleep(1)
          relay:resume()
        end,
      }
      fleets.assert_one_token(leader:results())
      assert.equal(1, fleets.requests(scene.e))
    end)
  end)

describe("a store that hangs holds no caller", function()
  for _, timeout in ipairs { 30, 5 } do
    it(("with a timeout of %d s"):format(timeout), function()
      server:signal "STOP"
      scene:finally(function() server:signal "CONT" end)
      local list = scene:fleet({ port = server.port, hasty = true }, 4,
        timeout):round()
      fleets.assert_tokens(list)
      local said, count = fleets.said(list, "store_failed")
      assert.equal(4, count, table.concat(said, "\n"))
    end)
  end
end)

describe("a token that is there", function()
  it("is served without a step to the store", function()
    local fleet = scene:fleet({ port = server.port }, 2)
    fleets.assert_one_token(fleet:round())
    server:ask("CONFIG", "RESETSTAT")
    fleet:use(function(n) return n >= 100 end)
    local stats = server:ask("INFO", "commandstats")
    for command in stats:gmatch "cmdstat_([^:]+):" do
      assert.matches("^config", command)
    end
  end)
end)
