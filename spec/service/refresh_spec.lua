-- refresh: the service's own token, renewed for many callers.
local core = require "equinix.core"
local refresh = require "equinix.service.refresh"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

local GET, REFRESH = "getoauth2accesstoken", "refreshoauth2accesstoken"

local function token(name, refresh_token)
  return scripted.token(name, { refresh_token = refresh_token })
end

local function serve(responses)
  local client, transport = scripted.client(responses)
  return service.new(client), transport, client
end

local function name_of(response)
  return response.object.access_token
end

describe("a renewal", function()
  it("is made even while the token is fresh", function()
    local s, transport = serve { token "one", token "two" }
    assert.equal("one", name_of(s:call(GET)))
    assert.equal("two", name_of(s:call(REFRESH)))
    assert.equal("two", name_of(s:call(GET)))
    assert.equal(2, #transport.sent)
  end)

  it("soon after another returns the token of that one", function()
    local s, transport, client = serve { token "one", token "two" }
    s:call(REFRESH)
    for _ = 1, 3 do
      local response = s:call(REFRESH)
      assert.equal("one", name_of(response))
      assert.equal("0", response.headers.Age)
    end
    -- Also for another service of the same account.
    assert.equal("one", name_of(service.new(client):call(REFRESH)))
    assert.equal(1, #transport.sent)
  end)

  it("is made again after those seconds", function()
    local s, transport, client = serve { token "one", token "two" }
    s:call(REFRESH)
    local slot = refresh.slot(client)
    slot:forget() -- as if it were long ago
    slot:close()
    assert.equal("two", name_of(s:call(REFRESH)))
    assert.equal(2, #transport.sent)
  end)

  it("is not shared when it failed", function()
    local s = serve { scripted.json(503, {}), token "two" }
    assert.equal(503, s:call(REFRESH).status)
    assert.equal(503, s:call(REFRESH).status) -- the back-off's
  end)
end)

describe("a refresh token without credentials", function()
  it("is redeemed when it is the current one", function()
    local s, transport = serve { token("one", "r1"), token("two", "r2") }
    s:call(GET)
    assert.equal("two", name_of(s:call(REFRESH, { refresh_token = "r1" })))
    assert.equal("r1", transport.body(2).refresh_token)
  end)

  it("is still accepted after another caller redeemed it", function()
    local s, transport = serve { token("one", "r1"), token("two", "r2") }
    s:call(GET)
    s:call(REFRESH, { refresh_token = "r1" })
    assert.equal("two", name_of(s:call(REFRESH, { refresh_token = "r1" })))
    assert.equal("two", name_of(s:call(REFRESH, { refresh_token = "r2" })))
    assert.equal(2, #transport.sent)
  end)

  it("is refused when it is not the service's, and nothing is sent", function()
    local s, transport = serve { token("one", "r1") }
    for _, value in ipairs { "found", "", 7, {}, true } do
      local response = s:call(REFRESH, { refresh_token = value })
      assert.equal(400, response.status)
      assert.equal("unknown_refresh_token", response.object.code)
    end
    assert.equal(0, #transport.sent)
    s:call(GET)
    assert.equal(400, s:call(REFRESH, { refresh_token = "found" }).status)
    assert.equal(1, #transport.sent)
  end)

  it("is refused when the service has no refresh token", function()
    local s, transport = serve { token "one" }
    s:call(GET)
    for _, value in ipairs { "none", "one" } do
      assert.equal(400, s:call(REFRESH, { refresh_token = value }).status)
    end
    assert.equal(1, #transport.sent)
  end)

  it("blocks no other caller after a refusal", function()
    local s = serve { token("one", "r1"), token "two" }
    s:call(GET)
    s:call(REFRESH, { refresh_token = "found" })
    assert.equal("two", name_of(s:call(REFRESH)))
  end)
end)

describe("of several callers that renew at once", function()
  -- Runs the others while one sleeps, as nginx does.
  local function together(n, responses)
    local client, transport = scripted.client(responses)
    transport.blocking = false
    transport.sleep = function()
      core.sleep(0.001)
      coroutine.yield()
    end
    local send = transport.send
    transport.send = function(...)
      coroutine.yield()
      return send(...)
    end
    local s, threads, results = service.new(client), {}, {}
    for i = 1, n do
      threads[i] = coroutine.create(function()
        results[i] = s:call(REFRESH)
      end)
    end
    local busy = true
    while busy do
      busy = false
      for _, thread in ipairs(threads) do
        if coroutine.status(thread) ~= "dead" then
          assert(coroutine.resume(thread))
          busy = true
        end
      end
    end
    return results, transport
  end

  -- Plain Lua 5.1 can't yield across the pcall around the leader's work.
  local it_yields = _VERSION == "Lua 5.1" and not jit and pending or it

  it_yields("one sends a token request, and all get its token", function()
    local results, transport = together(8, { token "one", token "two" })
    for i = 1, 8 do
      assert.equal("one", name_of(results[i]))
    end
    assert.equal(1, #transport.sent)
  end)

  it_yields("one fails, and all get its error", function()
    local results, transport = together(8, { scripted.json(503, {}) })
    for i = 1, 8 do
      assert.equal(503, results[i].status)
    end
    assert.equal(1, #transport.sent)
  end)
end)
