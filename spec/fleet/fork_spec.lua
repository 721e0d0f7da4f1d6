-- A process that has a connection to its Redis and forks: the connection stays
-- the parent's, whatever the child does with its copy. Over TLS a child that
-- said goodbye would end the parent's connection.
local certificates = require "spec.support.certificates"
local fleets = require "spec.support.fleet"
local host = require "spec.support.host"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()
local made

setup(function()
  made = certificates.make()
end)
teardown(function()
  certificates.remove(made)
end)

-- -> the connections that Redis got
local function fork(store, how)
  local dir = process.tempdir()
  scene:finally(function() process.remove(dir) end)
  local server = scene:ends(redis.start { tls = store.tls and made })
  store.port = server.port
  fleets.write_options(dir, { emulator = scene.e, store = store })
  server:ask("CONFIG", "RESETSTAT")
  host.run("--forks 1", "fleet_forked", dir, how)
  return tonumber(server:info "total_connections_received")
end

for kind, options in pairs {
  ["with TLS"] = function()
    return { tls = true, ca_file = made.ca_file }
  end,
  ["without TLS"] = function()
    return {}
  end,
} do
  describe("after a fork, a connection " .. kind, function()
    it("goes on to serve the parent when the child ends", function()
      assert.equal(1, fork(options(), "ends"))
    end)

    it("is not the child's, which makes its own", function()
      assert.equal(2, fork(options(), "uses"))
    end)
  end)
end
