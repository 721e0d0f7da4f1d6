-- EQUINIX_CACHE_PLACES inside nginx: the master makes the cache before it
-- starts its workers, so all of them have the places that it was told.
local nginx = require "spec.support.nginx"

local missing = nginx.missing()
if missing then
  pending("EQUINIX_CACHE_PLACES inside nginx: " .. missing)
  return
end

local SHARED = "init_by_lua_block { require 'equinix.core' }"
local PLACES = [[ return require("equinix.core").tokens.info().slots ]]

describe("EQUINIX_CACHE_PLACES inside nginx", function()
  local function places(options)
    local n = nginx.start(options)
    finally(function()
      n:stop()
    end)
    return n:run(PLACES), n
  end

  it("is set by `env` with a value", function()
    local found, n = places { workers = 2, http = SHARED,
      main = "env EQUINIX_CACHE_PLACES=700;" }
    assert.equal(700, found)
    n:reload()
    assert.equal(700, n:run(PLACES))
  end)

  it("is set by `env` with a value where a worker makes the cache",
    function()
      assert.equal(600, (places { workers = 1,
        main = "env EQUINIX_CACHE_PLACES=600;" }))
    end)

  it("is inherited from the environment of the master", function()
    assert.equal(500, (places { workers = 2, http = SHARED,
      env = { EQUINIX_CACHE_PLACES = "500" } }))
  end)

  it("is shared by all workers: one takes, all see", function()
    local _, n = places { workers = 3, http = SHARED,
      main = "env EQUINIX_CACHE_PLACES=300;" }
    n:run [[
      local core = require "equinix.core"
      for i = 1, 290 do
        local slot = core.tokens.open("places " .. i)
        local _, lease = slot:acquire()
        local ends = core.now() + 1000
        slot:publish(lease, "record", "Bearer x",
          { fresh = ends, advisory = ends, expires = ends })
      end
    ]]
    local pids = {}
    for _ = 1, 60 do
      local used, pid = n:run [[
        return require("equinix.core").tokens.info().used, ngx.worker.pid()
      ]]
      assert.equal(290, used)
      pids[pid] = true
    end
    assert.truthy(next(pids))
  end)
end)
