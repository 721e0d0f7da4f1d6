-- The promise that the whole project stands on, on real parts: threads,
-- forked processes, and the emulator counting what reached it. What a leader
-- does step by step is in tokens/source_spec.lua, on scripted answers.
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local host = require "spec.support.host"

local TOKEN = "POST /oauth2/v1/token"

local ways = { ["64 threads"] = "--threads 64" }
if core.tokens.info().shared then
  ways["64 processes"] = "--preload equinix --forks 64"
end

for callers, how in pairs(ways) do
  describe(callers .. " at once on a slow token endpoint", function()
    local e

    setup(function()
      e = emulator.start { plain = true }
    end)
    before_each(function()
      e:reset()
      e:config { token_latency = 0.7 }
    end)
    teardown(function()
      e:stop()
    end)

    it("cost one token request, and all have the same token", function()
      host.run(how, "callers", e.base_url, e.client_id, e.client_secret,
        "token")
      assert.equal(1, e:count(TOKEN))
    end)

    it("cost one in an outage, and all have the same error", function()
      e:config { status = 503, retry_after = 30 }
      host.run(how, "callers", e.base_url, e.client_id, e.client_secret,
        "http 503")
      assert.equal(1, e:count(TOKEN))
    end)

    it("cost one bad attempt with a wrong secret", function()
      host.run(how, "callers", e.base_url, e.client_id, "a-wrong-secret-value",
        "auth 400")
      assert.equal(1, e:count(TOKEN))
    end)
  end)
end

describe("a leader that is killed", function()
  if not core.tokens.info().shared then
    pending "no robust mutexes here: each process has a cache of its own"
    return
  end

  it("holds up no other: the next one leads, with one more request", function()
    local e = emulator.start { plain = true }
    e:config { token_latency = 3 }
    host.run("--preload equinix --forks 16", "killed_caller", e.base_url,
      e.client_id, e.client_secret)
    assert.equal(2, e:count(TOKEN))
    e:stop()
  end)
end)
