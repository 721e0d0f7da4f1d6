-- redis: the store in plain Lua; support/redis_contract.lua has what it does
-- with Redis, and that runs inside nginx, too (store/redis/nginx_spec).
local check = require "spec.support.raises"
local contract = require "spec.support.redis_contract"
local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local equinix = require "equinix"
local host = require "spec.support.host"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local here, assert_raises = check.here, check.assert
local new = equinix.store.redis

describe("store.redis", function()
  it("connects to nothing when it is made", function()
    local store = assert(new { port = 1, host = "nowhere.invalid" })
    assert.equal("equinix.store.redis (Redis at nowhere.invalid:1)",
      tostring(store))
  end)

  it("uses the Redis on this machine by default", function()
    assert.equal("equinix.store.redis (Redis at 127.0.0.1:6379)",
      tostring(assert(new())))
  end)

  it("is named by what it was given", function()
    for name, opts in pairs {
      ["Redis at [::1]:6379"] = { host = "::1" },
      ["Redis at /run/r"] = { path = "/run/r" },
      ["Redis Cluster at a:6379,b:1"] = { cluster = { "a", "b:1" } },
      ["Redis of the sentinels at a:26379"] =
        { sentinel = { name = "m", nodes = { "a" } } },
    } do
      assert.equal(("equinix.store.redis (%s)"):format(name),
        tostring(assert(new(opts))))
    end
  end)

  it("comes from a URL, too", function()
    local store = assert(equinix.store.from_url("redis://app:pw@h:1/2",
      { grace = 1 }))
    assert.equal("equinix.store.redis (Redis at h:1)", tostring(store))
    for _, text in ipairs { "", "tedis://:hunter2@h", "redis://:hunter2@h:x" }
    do
      local made, err = equinix.store.from_url(text)
      assert.is_nil(made)
      assert.equal("config", err.kind)
      assert.matches("^store.redis: ", err.message)
      assert.not_matches("hunter2", err.message)
    end
    assert_raises("unknown option 'tiemout', did you mean 'timeout'?",
      function()
        here() local _ = equinix.store.from_url("redis://h", { tiemout = 1 })
      end)
  end)

  it("returns what is wrong with an option, and raises for an unknown one",
    function()
      local store, err = new { port = 0 }
      assert.is_nil(store)
      assert.equal("config", err.kind)
      assert.equal("store.redis: port must be a whole number from 1 to 65535",
        err.message)
      assert_raises("unknown option 'passwort', did you mean 'password'?",
        function() here() local _ = new { passwort = "x" } end)
      assert_raises("unknown option 'hots', did you mean 'host'?",
        function() here() local _ = new.new { hots = "x" } end)
    end)

  it("raises misuse at the caller's line", function()
    local store = assert(new())
    assert_raises("ttl must be a finite number of seconds greater than 0",
      function() here() local _ = store:lock("k", 0) end)
    assert_raises("a lease must be one that this store's lock returned",
      function() here() local _ = store:unlock "k" end)
    assert_raises("a lease must be one that this store's lock returned",
      function() here() local _ = store:extend({}, 1) end)
    assert_raises("seconds must be a number, of what is left for the step",
      function() here() local _ = store:load("k", "1") end)
  end)

  it("shows the password in none of its members", function()
    local store = assert(new { username = "app", password = "hunter2" })
    local seen = {}
    local function look(value)
      assert.is_true(type(value) ~= "string" or not value:find "hunter2")
      if type(value) == "table" and not seen[value] then
        seen[value] = true
        for _, member in pairs(value) do
          look(member)
        end
      end
    end
    look(store)
    look(tostring(store))
  end)
end)

local missing = redis.missing()

describe("store.redis with a Redis", function()
  if missing then
    pending(missing)
    return
  end

  contract.declare(function(opts)
    return assert(new(opts))
  end)

  it("says that a name can't be resolved", function()
    local _, reason, fault = assert(new { host = "nowhere.invalid" }):load "k"
    assert.matches("has a name that can't be resolved", reason)
    assert.matches("use an address", fault.hint)
  end)

  it("works over another transport, and both know the same", function()
    local server = redis.start()
    finally(function()
      server:stop()
    end)
    local sent = 0
    local store = assert(new { port = server.port, timeout = 10 })
    local view = store:over(setmetatable({ send = function(...)
      sent = sent + 1
      return curl.send(...)
    end }, { __index = curl }))
    local lease = assert(view:lock("k", 60))
    assert.is_true(sent > 0)
    assert.is_true(store:save("k", "r", 60, lease))
    assert.equal("r", (view:load "k"))
    assert.equal(store.steps, view.steps)
  end)

  it("asks for a transport where there is none", function()
    local transport = new.default_transport
    finally(function()
      new.default_transport = transport
    end)
    new.default_transport = nil
    local ok, message = pcall(assert(new {}).load, new {}, "k")
    assert.is_false(ok)
    assert.matches("store:over%(transport%)", message)
  end)

  it("keeps one connection, and one login", function()
    local server = redis.start { "--requirepass", "secret" }
    finally(function()
      server:stop()
    end)
    local calls = 0
    local store = assert(new { port = server.port, timeout = 10,
      password = function()
        calls = calls + 1
        return "secret"
      end })
    for i = 1, 20 do
      assert(store:lock("k" .. i, 60))
    end
    assert.equal(1, calls)
    -- This one's, ours, and that which only asked what the port speaks.
    assert.is_true(tonumber(server:info "total_connections_received") <= 4)
  end)

  describe("of its own", function()
    local server
    before_each(function()
      server = redis.start()
    end)
    after_each(function()
      server:stop()
    end)

    it("gives each forked process a connection of its own", function()
      host.run("--forks 1", "redis_forked", server.port)
    end)

    it("leaves a parent its connection and its time limits", function()
      host.run("--forks 1", "redis_fork_inside", server.port,
        server.process.pid)
    end)

    it("gives back a lock for which memory ran out", function()
      host.run("--forks 1", "redis_starved", server.port)
    end)

    it("works after idle connections were closed by Redis", function()
      local store = assert(new { port = server.port, timeout = 10 })
      assert(store:lock("a", 60))
      server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      local before = core.now()
      assert(store:lock("b", 60))
      assert.is_true(process.eventually(function()
        return store:load "b" == nil
      end) and core.now() >= before)
    end)
  end)
end)
