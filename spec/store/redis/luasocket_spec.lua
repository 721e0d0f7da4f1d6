-- luasocket: the Redis store where a thread may block.
local contract = require "spec.support.redis_contract"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"

local missing = redis.missing(true)

describe("store.redis over luasocket", function()
  if missing then
    pending(missing)
    return
  end
  local new = require "equinix.store.redis"

  contract.declare(function(opts)
    return assert(new(opts))
  end)

  it("says that a name can't be resolved", function()
    local _, reason = assert(new { host = "nowhere.invalid" }):load "k"
    assert.matches("has a name that can't be resolved", reason)
  end)

  it("refuses a reply that is too large or has too many parts", function()
    -- More is announced and does not come: waiting for it would time out.
    for _, reply in ipairs { "$65539\r\n",
      "*1000000\r\n" .. (":1\r\n"):rep(9), ("*1\r\n"):rep(9) } do
      local stranger = rawserver.start(([[
        local c = ...
        c:receive "*l"
        c:send(%q)
        c:hangup()
      ]]):format(reply))
      local _, reason = assert(new { port = stranger.port, timeout = 5 })
        :load "k"
      stranger:stop()
      assert.matches("sent an invalid reply", reason)
    end
  end)

  it("says what to install where a module is missing or another", function()
    local real = package.loaded.redis
    finally(function() package.loaded.redis = real end)
    package.loaded.redis = { connect = "not ours" }
    local store, err = new()
    assert.is_nil(store)
    assert.equal("config", err.kind)
    assert.matches("lua%-redis", err.message)
  end)

  it("finds Debian's redis-lua without changing the search path", function()
    local server = redis.start()
    local path = os.tmpname()
    finally(function()
      server:stop()
      os.remove(path)
    end)
    local file = assert(io.open(path, "w"))
    file:write(([[
      local path = package.path
      local store = assert(require "equinix.store.redis" { port = %d })
      assert(store:unlock(assert(store:lock("k", 5))))
      assert(package.path == path)
      assert(pcall(require, "redis") or package.loaded.redis == nil)
    ]]):format(server.port))
    file:close()
    -- The search path of a plain shell: that of this Lua, and the checkout's.
    local said, code = process.capture(("env -i PATH=%s LUA_PATH=%s "
      .. "LUA_CPATH=%s %s %s 2>&1"):format(process.quote(os.getenv "PATH"),
      process.quote "lua/?.lua;lua/?/init.lua;;",
      process.quote(package.cpath:match "^[^;]+" .. ";;"),
      process.interpreter(), path))
    assert.equal(0, code, said)
  end)

  describe("with a Redis of its own", function()
    local server
    before_each(function()
      server = redis.start()
    end)
    after_each(function()
      server:stop()
    end)

    it("does not use a connection that was idle too long", function()
      local store = assert(new { port = server.port, timeout = 10 })
      assert(store:lock("a", 60))
      local kept = store.driver.connection
      assert.is_nil((store:load "a"))
      assert.equal(kept, store.driver.connection)
      kept.ends = 0
      assert(store:lock("b", 60))
      assert.not_equal(kept, store.driver.connection)
    end)

    it("gives each forked process a connection of its own", function()
      host.run("--forks 1", "redis_forked", server.port)
    end)

    it("leaves a parent its connection and its time limits", function()
      host.run("--forks 1", "redis_fork_inside", server.port,
        server.process.pid)
    end)
  end)
end)
