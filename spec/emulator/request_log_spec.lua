-- emulator/request_log: the requests that came, without any secret.
local request_log = require "equinix.emulator.request_log"
local worlds = require "spec.support.world"

describe("the emulator's log", function()
  local world
  before_each(function()
    world = worlds.new { refresh_tokens = true }
  end)

  local function dump()
    return world:send("GET", "/_emulator/log")
  end

  it("lists the requests in order, with their statuses", function()
    world:token()
    world:send("GET", "/fabric/v4/ports", { query = { name = "x" } })
    local requests = dump().json.requests
    assert.equal(2, #requests)
    assert.equal("POST", requests[1].method)
    assert.equal("/oauth2/v1/token", requests[1].path)
    assert.equal(200, requests[1].status)
    assert.equal("application/json", requests[1].content_type)
    assert.equal("client_credentials", requests[1].fields.grant_type)
    assert.equal("/fabric/v4/ports", requests[2].path)
    assert.equal(401, requests[2].status)
    assert.same({ "name" }, requests[2].query)
  end)

  it("holds no secret and no whole token, wherever they were",
    function()
      local body = world:token().json
      local second = world:refresh(body.refresh_token).json
      world:token {
        grant_type = "password", user_name = "the-user",
        user_password = "the-password",
      }
      world:send("POST", "/oauth2/v1/token", {
        headers = { ["content-type"] = "application/x-www-form-urlencoded" },
        body = "client_secret=the-secret&unknown=the-secret",
      })
      for _, place in ipairs {
        { headers = { authorization = "Bearer " .. body.access_token } },
        { headers = { authorization = "Basic the-secret" } },
        { headers = { authorization = body.access_token } },
        { headers = { authorization = "the-secret" } },
        { headers = { authorization = "thesecret the-secret" } },
        { query = { [body.access_token] = second.access_token } },
        { json = { note = body.access_token, deep = { "the-secret" } } },
      } do
        world:send("POST", "/fabric/v4/ports", place)
      end
      world:send("GET", "/fabric/" .. body.access_token)
      local text = dump().body
      assert.equal(12, #dump().json.requests)
      for _, secret in ipairs { "the-secret", "thesecret", "the-password",
        body.access_token, body.refresh_token, second.access_token } do
        assert.is_nil(text:find(secret, 1, true), secret)
        assert.is_nil(text:find(secret:sub(1, 7), 1, true), secret)
      end
    end)

  it("holds no token that is a name, or part of a longer text", function()
    local token = ("aB3dE6gH9"):rep(4)
    local coded = token:gsub(".", function(letter)
      return ("%%%02X"):format(letter:byte())
    end)
    local form = { ["content-type"] = "application/x-www-form-urlencoded" }
    for _, request in ipairs {
      { "/x", { headers = form, body = token } },
      { "/x", { headers = form, body = "type=" .. token } },
      { "/x", { json = { [token] = 1, scope = "a " .. token } } },
      { "/x", { headers = { ["content-type"] = "a/" .. token }, body = "a" } },
      { "/a-" .. token }, { "/%2F" .. token }, { "/" .. coded },
      { "/" .. ("a/"):rep(92) .. token },
      { "/x", { query = { ["a-" .. token] = "" } } },
    } do
      world:send("POST", request[1], request[2])
    end
    local text = dump().body
    assert.is_nil(text:find(token:sub(1, 9), 1, true), text)
    assert.is_nil(text:find(coded:sub(1, 27), 1, true), text)
  end)

  it("shows a value that is null as such", function()
    world:send("POST", "/x", { headers = {
      ["content-type"] = "application/json" }, body = '{"type":null}' })
    assert.same({ type = "null" }, dump().json.requests[1].fields)
  end)

  it("shows the first characters of a token that was used", function()
    world:send("GET", "/fabric/v4/health", { token = "abcdefghijklmnop" })
    assert.equal("Bearer abcd…", dump().json.requests[1].authorization)
  end)

  it("counts routes, where an id in the path makes no new route",
    function()
      world:token()
      world:token { client_secret = "wrong" }
      world:send("GET", "/colocations/v2/orders/1-1")
      world:send("GET", "/colocations/v2/orders/1-2")
      world:send("GET", "/nowhere")
      assert.same({
        ["POST /oauth2/v1/token"] = 2,
        ["GET /colocations/v2/orders/{id}"] = 2,
        ["GET /nowhere"] = 1,
      }, dump().json.routes)
    end)

  it("counts the uses of each token", function()
    local token = world:token().json.access_token
    for _ = 1, 3 do
      world:send("GET", "/fabric/v4/health", { token = token })
    end
    assert.same({ [token:sub(1, 4) .. "…"] = 3 }, dump().json.tokens)
  end)

  it("counts token requests of every kind, refused ones included",
    function()
      world:token()
      world:token { client_secret = "wrong" }
      world:refresh "x"
      world:send("POST", "/use/token")
      world:send("GET", "/fabric/v4/health")
      assert.equal(4, dump().json.token_requests)
    end)

  it("counts no request for the log itself", function()
    dump()
    assert.same({}, dump().json.routes)
    assert.same({}, dump().json.requests)
  end)

  it("has the last thousand requests, and counts all of them", function()
    for _ = 1, 1010 do
      world:send("GET", "/fabric/v4/health")
    end
    local log = dump().json
    assert.equal(1000, #log.requests)
    assert.equal(11, log.requests[1].n)
    assert.equal(1010, log.requests[1000].n)
    assert.equal(1010, log.routes["GET /fabric/v4/health"])
  end)

  it("names the fault that affected a request, and its delay", function()
    world:config { api_status = 500, latency = 0.5 }
    world:send("GET", "/fabric/v4/health")
    world:config { api_status = 0, latency = 0 }
    world:send("GET", "/fabric/v4/health")
    local requests = dump().json.requests
    assert.equal("status", requests[1].fault)
    assert.equal(0.5, requests[1].delay)
    assert.is_nil(requests[2].fault)
    assert.is_nil(requests[2].delay)
  end)

  it("has the values of a query that say which part of a list", function()
    world:send("GET", "/fabric/v4/ports", { query = { limit = "5",
      offset = ("a"):rep(30), name = "the-secret", page = ("1"):rep(70) } })
    local request = dump().json.requests[1]
    assert.same({ "limit", "name", "offset", "page" }, request.query)
    assert.same({ limit = "5", offset = "aaaa…" }, request.query_values)
  end)

  it("has the requests after a number, and the number of the last",
    function()
      for _ = 1, 5 do
        world:send("GET", "/fabric/v4/health")
      end
      local function after(n)
        return world:send("GET", "/_emulator/log", { query = { after = n } })
      end
      assert.equal(5, after("2").json.last)
      assert.equal(3, after("2").json.requests[1].n)
      assert.equal(3, #after("2").json.requests)
      assert.same({}, after("5").json.requests)
      assert.same({}, after("900").json.requests)
      assert.equal(5, #after("0").json.requests)
      for _, wrong in ipairs { "", "-1", "x", "1.5", "1e3", ("9"):rep(16) } do
        assert.equal(400, after(wrong).status, wrong)
      end
    end)

  it("counts statuses by their class, and faults", function()
    world:token()
    world:send("GET", "/fabric/v4/health")
    world:config { api_status = 502 }
    world:send("GET", "/fabric/v4/health")
    assert.same({ ["2xx"] = 1, ["3xx"] = 0, ["4xx"] = 1, ["5xx"] = 1,
      faults = 1 }, request_log.totals(world))
  end)
end)
