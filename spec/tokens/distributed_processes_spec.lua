-- The promise of a store, on real parts: processes that share nothing but a
-- folder or a Redis, and the emulator counting what reached it.
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local host = require "spec.support.host"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local stores = require "spec.support.stores"

local TOKEN = "POST /oauth2/v1/token"
-- `make soak` sets it to 1,000.
local ROUNDS = tonumber(os.getenv "ROUNDS" or 50)
local REFRESH = "POST /oauth2/v1/refreshaccesstoken"

-- Each test has its own: what an outage leaves behind must not reach the next.
-- what() is all that rests there, as a thief would get it.
local places = {
  file = function()
    local dir = process.tempdir()
    return {
      name = "file " .. dir .. "/store",
      what = function()
        return (process.capture("find " .. dir .. " -type f -print0 "
          .. "| xargs -0 cat"))
      end,
      remove = function()
        process.remove(dir)
      end,
    }
  end,
  redis = function()
    local server = redis.start { "--rdbcompression", "no" }
    return {
      name = "redis " .. server.port,
      what = function()
        server:ask "SAVE"
        return (process.capture("cat " .. server.dir .. "/dump.rdb"))
      end,
      remove = function()
        server:stop()
      end,
    }
  end,
}

-- A secret as it is, and in base64 at each of the three places in a group of
-- bytes, less what depends on its neighbours.
local function spellings(secret)
  local all = { secret }
  for skip = 0, 2 do
    local part = secret:sub(1 + skip, skip + math.floor((#secret - skip) / 3)
      * 3)
    all[#all + 1] = process.capture("printf %s " .. process.quote(part)
      .. " | base64 -w0")
  end
  return all
end

for kind, make in pairs(places) do
  local missing = kind == "redis" and redis.missing()
  describe("16 processes with a " .. kind .. " store in common", function()
    if missing then
      pending(missing)
      return
    end
    local e, place

    setup(function()
      e = emulator.start { plain = true }
    end)
    before_each(function()
      e:reset()
      place = make()
    end)
    after_each(function()
      place.remove()
    end)
    teardown(function()
      e:stop()
    end)

    local function callers(expected, secret, ...)
      host.run("--forks 16", "callers", e.base_url, e.client_id,
        secret or e.client_secret, expected, place.name, ...)
    end

    it("cost one token request, cold", function()
      e:config { token_latency = 0.5 }
      callers "token"
      assert.equal(1, e:count(TOKEN))
      callers "token" -- and none, those who come later
      assert.equal(1, e:count(TOKEN))
    end)

    it("cost one, in two groups that start by themselves", function()
      e:config { token_latency = 0.5 }
      local one = process.start(host.command("--forks 8", "callers",
        e.base_url, e.client_id, e.client_secret, "token", place.name))
      host.run("--forks 8", "callers", e.base_url, e.client_id,
        e.client_secret, "token", place.name)
      assert.equal(0, one:wait(60), one:stderr())
      one:stop()
      assert.equal(1, e:count(TOKEN))
    end)

    it("cost one, when their token is over", function()
      e:config { lifetime = 2, token_latency = 0.3 }
      callers("token", nil, "expired")
      assert.equal(2, e:count(TOKEN))
    end)

    it("cost one in an outage", function()
      e:config { token_latency = 0.5, status = 503, retry_after = 30 }
      callers "http 503"
      callers "http 503"
      assert.equal(1, e:count(TOKEN))
    end)

    it("cost one bad attempt with a wrong secret", function()
      e:config { token_latency = 0.5 }
      callers("auth 400", "a-wrong-secret-value")
      callers("auth 400", "a-wrong-secret-value")
      assert.equal(1, e:count(TOKEN))
    end)

    it("leave nothing there that a thief could use", function()
      e:config { refresh_tokens = true }
      callers "token"
      callers("auth 400", "a-wrong-secret-value")
      local client = assert(equinix.new {
        base_url = e.base_url, client_id = e.client_id,
        client_secret = e.client_secret, store = stores.open(place.name),
      })
      local token, all = assert(client:token()), place.what()
      assert.equal(1, e:count(TOKEN) - 1) -- that is their token
      assert(#all > 200)
      for _, secret in ipairs { token.access_token, token.refresh_token,
        e.client_secret, "a-wrong-secret-value", e.client_id } do
        for _, text in ipairs(spellings(secret)) do
          assert(#text > 5)
          assert.is_nil(all:find(text, 1, true))
        end
      end
    end)

    it("present each refresh token once, and lose none", function()
      e:config { refresh_tokens = true, rotate = true, close_every = 5 }
      host.run("--forks 4", "rotate", e.base_url, e.client_id,
        e.client_secret, place.name, ROUNDS)
      local log = e:log()
      local statuses = {}
      for _, entry in ipairs(log.requests) do
        if entry.path == "/oauth2/v1/refreshaccesstoken" then
          statuses[entry.status] = (statuses[entry.status] or 0) + 1
        end
      end
      assert.is_nil(statuses[401])
      assert(e:count(REFRESH) >= ROUNDS)
      assert.equal(1, e:count(TOKEN)) -- a lost one would have cost another
    end)

    if kind == "file" then
      it("go on when the leader is killed, with one more request", function()
        e:config { token_latency = 2 }
        host.run("--forks 16", "killed_caller", e.base_url, e.client_id,
          e.client_secret, place.name)
        assert.equal(2, e:count(TOKEN))
      end)
    end
  end)
end
