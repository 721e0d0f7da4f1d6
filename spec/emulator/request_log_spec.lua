-- emulator/request_log: the requests that came, without any secret.
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

  it("names the fault that affected a request", function()
    world:config { api_status = 500 }
    world:send("GET", "/fabric/v4/health")
    assert.equal("status", dump().json.requests[1].fault)
  end)
end)
