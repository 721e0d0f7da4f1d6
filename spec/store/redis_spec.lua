-- redis: the options of the store; support/redis_contract.lua has what it does
-- with Redis, and each driver's spec runs that.
local check = require "spec.support.raises"
local redis = require "spec.support.redis"

local here, assert_raises = check.here, check.assert

local missing = redis.missing(true)

describe("store.redis", function()
  if missing then
    pending(missing)
    return
  end
  local new = require "equinix.store.redis"

  it("connects to nothing when it is made", function()
    local store = assert(new { port = 1, host = "nowhere.invalid" })
    assert.equal("equinix.store.redis (Redis at nowhere.invalid:1)",
      tostring(store))
  end)

  it("uses the Redis on this machine by default", function()
    assert.equal("equinix.store.redis (Redis at 127.0.0.1:6379)",
      tostring(assert(new())))
  end)

  it("raises for an unknown option, or one of another type", function()
    assert_raises("unknown option 'passwort', did you mean 'password'?",
      function() here() new { passwort = "x" } end)
    assert_raises("option 'port' must be a number, not a string",
      function() here() new { port = "6379" } end)
  end)

  it("raises misuse at the caller's line", function()
    local store = assert(new())
    assert_raises("ttl must be a finite number of seconds greater than 0",
      function() here() local _ = store:lock("k", 0) end)
    assert_raises("a lease must be one that this store's lock returned",
      function() here() local _ = store:unlock "k" end)
  end)

  it("returns what is wrong with a value, never the password", function()
    for text, opts in pairs {
      ["host must be a name or an address"] = { host = "a b" },
      ["port must be a whole number from 1 to 65535"] = { port = 65536 },
      ["username needs a password"] = { username = "app" },
      ["username and password must not be empty: leave them out"] =
        { password = "" },
      ["db must be a whole number, 0 or more"] = { db = 0.5 },
      ["prefix must be at most 128 letters, digits or any of _.:/-"] =
        { prefix = "{x}", password = "hunter2" },
      ["timeout must be a finite number of seconds greater than 0"] =
        { timeout = math.huge },
    } do
      local store, err = new(opts)
      assert.is_nil(store)
      assert.equal("config", err.kind)
      assert.equal("store.redis: " .. text, err.message)
    end
  end)

  it("shows the password in none of its members", function()
    local store = assert(new { username = "app", password = "hunter2" })
    local function look(value)
      assert.is_true(type(value) ~= "string" or not value:find "hunter2")
      for _, member in pairs(type(value) == "table" and value or {}) do
        if member ~= package.loaded.redis and member ~= package.loaded.socket
        then
          look(member)
        end
      end
    end
    look(store)
    look(tostring(store))
  end)
end)
