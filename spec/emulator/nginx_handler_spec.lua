-- emulator/nginx_handler: the emulator inside nginx, over HTTP.
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"

for _, plain in ipairs { true, false } do
  local e

  local function token_request(changes)
    local body = {
      grant_type = "client_credentials",
      client_id = e.client_id,
      client_secret = e.client_secret,
    }
    for name, value in pairs(changes or {}) do
      body[name] = value
    end
    return { body = body }
  end

  local function new_token()
    local response = assert(e:send("POST", "/oauth2/v1/token",
      token_request()))
    assert.equal(200, response.status)
    return assert(json.decode(response.body)).access_token
  end

  local function get(path, token, timeout)
    return e:send("GET", path, {
      headers = token and { { "Authorization", "Bearer " .. token } },
      timeout = timeout,
    })
  end

  local function header(response, name)
    for _, pair in ipairs(response.headers) do
      if pair[1]:lower() == name then
        return pair[2]
      end
    end
  end

  describe("the emulator over " .. (plain and "HTTP" or "HTTPS"), function()
    setup(function()
      -- Two workers, so that state of only one of them would show.
      e = emulator.start { plain = plain, workers = 2 }
    end)
    before_each(function()
      e:reset()
    end)
    teardown(function()
      e:stop()
    end)

    it("speaks " .. (plain and "HTTP/1.1" or "HTTP/2 where it is offered"),
      function()
        local response = get "/fabric/v4/health"
        assert.equal(plain and "1.1" or "2", response.http_version)
      end)

    it("issues tokens that the API accepts, in every worker", function()
      local token = new_token()
      for _ = 1, 20 do -- a connection each: the kernel picks the worker
        local response = e:send("GET", "/fabric/v4/ports?limit=2", {
          headers = { { "Authorization", "Bearer " .. token } },
          fresh_connect = true,
        })
        assert.equal(200, response.status)
        assert.equal(2, #json.decode(response.body).data)
      end
      assert.equal(20, e:count "GET /fabric/v4/ports")
      assert.equal(1, e:log().token_requests)
    end)

    it("reads the whole of a large body", function()
      local response = e:send("POST", "/oauth2/v1/token",
        token_request { padding = ("x"):rep(900000) })
      assert.equal(200, response.status)
    end)

    it("refuses a body over 1 MiB", function()
      local response = e:send("POST", "/oauth2/v1/token",
        token_request { padding = ("x"):rep(1100000) })
      assert.equal(413, response.status)
    end)

    it("sends the headers and the body of the response", function()
      e:config { api_status = 429, retry_after = 3 }
      local response = get("/fabric/v4/ports", new_token())
      assert.equal(429, response.status)
      assert.equal("3", header(response, "retry-after"))
      assert.equal("application/json", header(response, "content-type"))
      assert.equal(429, json.decode(response.body).statusCode)
    end)

    it("waits as latency says", function()
      e:config { latency = 0.2 }
      assert.equal(401, get("/fabric/v4/health").status)
      e:config { latency = 30 }
      local _, err = get("/fabric/v4/health", nil, 1)
      assert.equal("timeout", err.kind)
      assert.equal(2, e:count "GET /fabric/v4/health")
    end)

    it("sends a body slowly as slow says, to its last byte", function()
      local token = new_token()
      local quick = get("/fabric/v4/ports", token)
      e:config { slow = 0.3 }
      local slow = get("/fabric/v4/ports", token)
      assert.equal(quick.body, slow.body)
      e:config { slow = 30 }
      local _, err = get("/fabric/v4/ports", token, 1)
      assert.equal("timeout", err.kind)
    end)

    it("spoils exactly as many requests as times says, in all workers",
      function()
        e:config { api_status = 503, times = 25 }
        local requests, http = {}, core.http()
        for i = 1, 100 do
          requests[i] = { method = "GET", url = e.base_url
            .. "/fabric/v4/health", ca_file = e.ca_file, max_body = 65536 }
        end
        local spoiled = 0
        for _, result in ipairs(http:send_many(requests, 16, 30)) do
          spoiled = spoiled + (result.response.status == 503 and 1 or 0)
        end
        http:close()
        assert.equal(25, spoiled)
        assert.equal(0, e:config().api_status.value)
      end)

    if plain then -- an HTTP/2 connection stays open after one response
      it("ends a connection after every nth whole response", function()
        local token = new_token()
        local whole = get("/fabric/v4/ports", token)
        e:config { close_every = 3 }
        local connects = 0
        for _ = 1, 12 do
          local response = assert(e:send("GET", "/fabric/v4/ports", {
            headers = { { "Authorization", "Bearer " .. token } },
            may_resend = true, -- the end shows when the next one is sent
          }))
          assert.equal(whole.body, response.body)
          assert.not_equal("close", (header(response, "connection")))
          connects = connects + response.connects
        end
        assert(connects >= 3, connects)
      end)
    end

    it("ends the connection in the middle of a body", function()
      local token = new_token()
      e:config { cut = true }
      local response, err = get("/fabric/v4/ports", token)
      assert.is_nil(response)
      assert.is_true(err.maybe_sent)
      e:config { cut = false }
      assert.equal(200, get("/fabric/v4/ports", token).status)
    end)

    it("takes null for the value of the start, and a number", function()
      e:config { retry_after = 7, status = 503 }
      local response = e:send("POST", "/oauth2/v1/token", token_request())
      assert.equal("7", header(response, "retry-after"))
      local set = e:send("POST", "/_emulator/config", {
        body = '{"retry_after": null, "status": null}',
      })
      assert.equal(200, set.status, set.body)
      assert.equal("", e:config().retry_after.value)
      assert.equal("string", type(new_token()))
    end)

    it("lets tokens expire", function()
      e:config { lifetime = 1 }
      local token = new_token()
      assert.equal(200, get("/fabric/v4/health", token).status)
      assert.is_true(require("spec.support.process").eventually(function()
        return get("/fabric/v4/health", token).status == 401
      end))
    end)

    it("takes the md5-b64 of a password", function()
      local hidden = require("spec.support.process").capture(
        "printf %s '" .. e.user_password
          .. "' | openssl md5 -binary | openssl base64")
      local response = e:send("POST", "/oauth2/v1/token", token_request {
        grant_type = "password",
        user_name = e.user_name,
        user_password = hidden,
        password_encoding = "md5-b64",
      })
      assert.equal(200, response.status)
    end)

    it("serves its console, and nothing to another origin or name",
      function()
        local page = e:send("GET", "/_emulator/")
        assert.equal(200, page.status)
        assert.matches("^<!doctype html>", page.body)
        for _, pair in ipairs { { "Host", "emulator.test" },
          { "Origin", "http://emulator.test" },
          { "Sec-Fetch-Site", "same-site" } } do
          for _, path in ipairs { "/_emulator/config", "/_emulator/reset" } do
            assert.equal(403, e:send("POST", path, { headers = { pair },
              body = '{"latency": 3}' }).status, pair[1])
          end
        end
        assert.equal(0, e:config().latency.value)
        assert.equal(200, e:send("POST", "/_emulator/reset", {
          headers = { { "Origin", e.base_url } },
        }).status)
      end)

    it("answers HEAD without a body", function()
      local response = e:send("HEAD", "/fabric/v4/health", {
        headers = { { "Authorization", "Bearer " .. new_token() } },
      })
      assert.equal(200, response.status)
      assert.equal("", response.body)
    end)

    it("counts right with many requests at once", function()
      local token, requests = new_token(), {}
      for i = 1, 200 do
        requests[i] = {
          method = "GET",
          url = e.base_url .. "/fabric/v4/health",
          headers = { { "Authorization", "Bearer " .. token } },
          ca_file = e.ca_file,
        }
      end
      for _, result in ipairs(e.http:send_many(requests, 50, 30)) do
        assert.equal(200, result.response.status)
      end
      assert.equal(200, e:count "GET /fabric/v4/health")
      assert.same({ [token:sub(1, 4) .. "…"] = 200 }, e:log().tokens)
    end)
  end)
end
