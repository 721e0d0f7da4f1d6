-- emulator/token_log: the tokens issued last, and what has become of them.
local token_log = require "equinix.emulator.token_log"
local tokens = require "equinix.emulator.tokens"
local worlds = require "spec.support.world"

describe("the log of tokens", function()
  local world
  before_each(function()
    world = worlds.new { refresh_tokens = true, lifetime = 60 }
  end)

  local function list()
    return token_log.list(world, tokens.epoch(world))
  end

  it("has the newest first, each with its life and its uses", function()
    local first = world:token().json
    world.time = world.time + 10
    local second = world:token().json
    for _ = 1, 2 do
      world:send("GET", "/fabric/v4/health", { token = second.access_token })
    end
    local seen = list()
    assert.equal(4, #seen)
    local by_token = {}
    for _, entry in ipairs(seen) do
      by_token[entry.token] = entry
    end
    assert.same({ kind = "access", seconds = 60, uses = 2, state = "valid",
      issued = world.time, n = 4,
      token = second.access_token:sub(1, 4) .. "…" }, seen[1])
    local refresh = by_token[first.refresh_token:sub(1, 4) .. "…"]
    assert.equal("refresh", refresh.kind)
    assert.equal(5184000, refresh.seconds)
    assert.equal(world.time - 10, refresh.issued)
  end)

  it("knows which are expired, revoked or spent", function()
    world:config { rotate = true }
    local body = world:token().json
    local function state(token)
      for _, entry in ipairs(list()) do
        if entry.token == token:sub(1, 4) .. "…" then
          return entry.state
        end
      end
    end
    assert.equal("valid", state(body.access_token))
    world.time = world.time + 60
    assert.equal("expired", state(body.access_token))
    assert.equal("valid", state(body.refresh_token))
    local second = world:refresh(body.refresh_token).json
    assert.equal("spent", state(body.refresh_token))
    assert.equal("valid", state(second.refresh_token))
    world:config { revoke_all = true }
    assert.equal("revoked", state(second.refresh_token))
    assert.equal("revoked", state(second.access_token))
  end)

  it("has a token that is never valid as expired", function()
    world:config { lifetime = -5, refresh_tokens = false }
    world:token()
    assert.equal("expired", list()[1].state)
    assert.equal(0, list()[1].seconds)
  end)

  it("has no whole token, and the last forty of any number", function()
    local text = ""
    for _ = 1, 30 do
      local body = world:token().json
      text = text .. world.encode(list())
      for _, token in ipairs { body.access_token, body.refresh_token } do
        assert.is_nil(text:find(token:sub(1, 6), 1, true))
      end
    end
    assert.equal(40, #list())
    assert.equal(60, list()[1].n)
    world:send("POST", "/_emulator/reset")
    assert.same({}, list())
  end)
end)
