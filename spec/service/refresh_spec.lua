-- renewal: the service's own token, renewed for many.
local core = require "equinix.core"
local renewal = require "equinix.service.refresh"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

local GET, REFRESH = "getoauth2accesstoken", "refreshoauth2accesstoken"

local function token(name, refresh_token)
  return scripted.token(name, { refresh_token = refresh_token })
end

local function serve(answers)
  local client, transport = scripted.client(answers)
  return service.new(client), transport, client
end

local function name_of(answer)
  return answer.object.access_token
end

describe("a renewal", function()
  it("is made though the token be fresh", function()
    local s, transport = serve { token "one", token "two" }
    assert.equal("one", name_of(s:call(GET)))
    assert.equal("two", name_of(s:call(REFRESH)))
    assert.equal("two", name_of(s:call(GET)))
    assert.equal(2, #transport.sent)
  end)

  it("soon after another gets what that one brought", function()
    local s, transport, client = serve { token "one", token "two" }
    s:call(REFRESH)
    for _ = 1, 3 do
      local answer = s:call(REFRESH)
      assert.equal("one", name_of(answer))
      assert.equal("0", answer.headers.Age)
    end
    -- For another service of the same account, too.
    assert.equal("one", name_of(service.new(client):call(REFRESH)))
    assert.equal(1, #transport.sent)
  end)

  it("is made again when those seconds are over", function()
    local s, transport, client = serve { token "one", token "two" }
    s:call(REFRESH)
    local place = renewal.place(client)
    place:forget() -- as if it were long ago
    place:close()
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
  it("is traded in when it is the current one", function()
    local s, transport = serve { token("one", "r1"), token("two", "r2") }
    s:call(GET)
    assert.equal("two", name_of(s:call(REFRESH, { refresh_token = "r1" })))
    assert.equal("r1", transport.body(2).refresh_token)
  end)

  it("still counts while others trade the same one in", function()
    local s, transport = serve { token("one", "r1"), token("two", "r2") }
    s:call(GET)
    s:call(REFRESH, { refresh_token = "r1" })
    assert.equal("two", name_of(s:call(REFRESH, { refresh_token = "r1" })))
    assert.equal("two", name_of(s:call(REFRESH, { refresh_token = "r2" })))
    assert.equal(2, #transport.sent)
  end)

  it("is refused when it is anybody else's, and nothing is sent", function()
    local s, transport = serve { token("one", "r1") }
    for _, value in ipairs { "found", "", 7, {}, true } do
      local answer = s:call(REFRESH, { refresh_token = value })
      assert.equal(400, answer.status)
      assert.equal("unknown_refresh_token", answer.object.code)
    end
    assert.equal(0, #transport.sent)
    s:call(GET)
    assert.equal(400, s:call(REFRESH, { refresh_token = "found" }).status)
    assert.equal(1, #transport.sent)
  end)

  it("is refused where no refresh token is", function()
    local s, transport = serve { token "one" }
    s:call(GET)
    for _, value in ipairs { "none", "one" } do
      assert.equal(400, s:call(REFRESH, { refresh_token = value }).status)
    end
    assert.equal(1, #transport.sent)
  end)

  it("holds nobody up after a refusal", function()
    local s = serve { token("one", "r1"), token "two" }
    s:call(GET)
    s:call(REFRESH, { refresh_token = "found" })
    assert.equal("two", name_of(s:call(REFRESH)))
  end)
end)

describe("of several who renew at once", function()
  -- Runs the others while one sleeps, as nginx does.
  local function together(n, answers)
    local client, transport = scripted.client(answers)
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

  -- Plain Lua 5.1 can't yield across the pcall around what a leader does.
  local it_yields = _VERSION == "Lua 5.1" and not jit and pending or it

  it_yields("one sends, and all get its token", function()
    local results, transport = together(8, { token "one", token "two" })
    for i = 1, 8 do
      assert.equal("one", name_of(results[i]))
    end
    assert.equal(1, #transport.sent)
  end)

  it_yields("one fails, and all hear of it", function()
    local results, transport = together(8, { scripted.json(503, {}) })
    for i = 1, 8 do
      assert.equal(503, results[i].status)
    end
    assert.equal(1, #transport.sent)
  end)
end)
