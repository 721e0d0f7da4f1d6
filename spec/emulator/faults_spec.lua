-- emulator/faults: responses that go wrong because a knob says so.
local worlds = require "spec.support.world"

describe("the emulator's faults", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  local function health()
    return world:send("GET", "/fabric/v4/health", { token = token })
  end

  it("force a status on token endpoints, and leave the API alone", function()
    world:config { status = 503, retry_after = 7 }
    local response = world:token()
    assert.equal(503, response.status)
    assert.equal("7", response.headers["Retry-After"])
    assert.equal(503, response.json.statusCode)
    assert.equal(503, world:refresh("x").status)
    assert.equal(200, health().status)
  end)

  it("force a status on the API, and leave the token endpoints alone",
    function()
      world:config { api_status = 403 }
      assert.equal("EQ-3045003", health().json[1].errorCode)
      assert.equal(200, world:token().status)
    end)

  it("say login failure when a token endpoint is forced to say 401",
    function()
      world:config { status = 401 }
      local response = world:token()
      assert.equal(401, response.status)
      assert.equal("S1006", response.json.errorCode)
    end)

  it("issue no token in place of a call, and count no attempt", function()
    world:config { status = 401, lock_after = 1 }
    for _ = 1, 3 do
      world:token { client_secret = "wrong" }
    end
    world:config { status = 0 }
    assert.equal(200, world:token().status)
  end)

  local function statuses(n, call)
    local list = {}
    for i = 1, n do
      list[i] = (call or health)().status
    end
    return list
  end

  it("affect only as many requests as times says", function()
    world:config { api_status = 500, times = 2 }
    assert.same({ 500, 500, 200, 200 }, statuses(4))
    world:config { api_status = 500, times = 1 } -- counts anew
    assert.same({ 500, 200 }, statuses(2))
  end)

  it("of one change have one count", function()
    world:config { status = 502, api_status = 503, times = 3 }
    assert.same({ 503, 503 }, statuses(2))
    assert.equal(502, world:token().status)
    assert.equal(200, world:token().status)
    assert.equal(200, health().status)
  end)

  it("of several changes count each for itself", function()
    world:config { api_status = 500, times = 2 }
    world:config { html = true, times = 3 }
    local seen = {}
    for i = 1, 4 do
      local response = health()
      seen[i] = ("%d %s"):format(response.status,
        response.headers["Content-Type"])
    end
    assert.same({ "500 text/html", "500 text/html", "200 text/html",
      "200 application/json" }, seen)
  end)

  it("count a request only where they had an effect on it", function()
    world:config { api_status = 500, redirect = "/x", retry_after = {
      value = 9, times = 1 } }
    world:config { redirect = "/x", times = 1 }
    assert.same({ 500, 500 }, statuses(2)) -- the status goes first
    assert.equal(200, world:send("GET", "/_emulator/log").status)
    world:config { api_status = 0 }
    assert.same({ 307, 200 }, statuses(2))
  end)

  it("end exactly once when another request takes the last one", function()
    world:config { api_status = 500, times = 1 }
    local get = world.dict.get
    -- Between reading the count and taking from it, a worker takes it.
    local taken
    function world.dict.get(dict, key)
      local value, flag = get(dict, key)
      if key:find "^times " and not taken then
        taken = true
        taken = dict:incr(key, -1)
      end
      return value, flag
    end
    assert.equal(200, health().status)
    assert.equal(0, taken)
  end)

  it("affect only paths that begin with scope", function()
    world:config { status = 503, scope = "/oauth2/v1/refresh" }
    assert.equal(200, world:token().status)
    assert.equal(503, world:refresh("x").status)
  end)

  it("do not count requests out of scope against times", function()
    world:config { status = 503, scope = "/oauth2/v1/refresh", times = 1 }
    world:token()
    assert.equal(503, world:refresh("x").status)
  end)

  it("redirect before the call is made", function()
    world:config { redirect = "https://elsewhere.invalid/", scope = "/fabric" }
    local response = health()
    assert.equal(307, response.status)
    assert.equal("https://elsewhere.invalid/", response.headers.Location)
    world:config { redirect_status = 302 }
    assert.equal(302, health().status)
  end)

  it("spoil the body: HTML, or what is not JSON", function()
    world:config { html = true }
    local response = health()
    assert.equal(200, response.status)
    assert.equal("text/html", response.headers["Content-Type"])
    assert.matches("^<html>", response.body)
    world:config { html = false, non_json = true }
    response = health()
    assert.equal("application/json", response.headers["Content-Type"])
    assert.is_nil(response.json)
  end)

  it("make a forced status HTML, too", function()
    world:config { html = true, api_status = 502 }
    local response = health()
    assert.equal(502, response.status)
    assert.matches("^<html>", response.body)
  end)

  it("pass cut and slow on to nginx", function()
    world:config { cut = true }
    assert.is_true(health().cut)
    world:config { cut = false, slow = 2 }
    assert.equal(2, health().slow)
    world:config { slow = 0 }
    assert.is_nil(health().slow)
  end)

  it("never affect the calls below /_emulator/", function()
    world:config { api_status = 500, status = 500, cut = true }
    assert.equal(200, world:send("GET", "/_emulator/log").status)
  end)
end)

describe("the emulator's latency", function()
  it("delays every response, and those of token endpoints more", function()
    local world = worlds.new { latency = 1, token_latency = 2 }
    assert.equal(3, world:token().delay)
    assert.equal(1, world:send("GET", "/fabric/v4/health").delay)
    assert.is_nil(world:send("GET", "/_emulator/log").delay)
  end)
end)
