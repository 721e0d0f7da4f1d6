-- nginx: the gateway, in front of the emulator.
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("the gateway: " .. missing)
  return
end

local VARIABLE = 'map "" $equinix_authorization { default ""; }'

-- The log phase runs where the request ended, so it belongs to the server.
local GATEWAY = [[
  log_by_lua_block { require("equinix.nginx").log(require "demo") }
  proxy_http_version 1.1;
  location /api/ {
    rewrite_by_lua_block {
      require("equinix.nginx").authorize(require "demo")
    }
    proxy_set_header Authorization $equinix_authorization;
    proxy_set_header Connection "";
    proxy_pass http://api/;
    proxy_intercept_errors on;
    error_page 404 = @missing;
  }
  location @missing { return 410 "none"; }
  # What comes after the API's 401: "401 : 200" in the log phase.
  location /hidden/ {
    rewrite_by_lua_block {
      require("equinix.nginx").authorize(require "demo")
    }
    proxy_set_header Authorization $equinix_authorization;
    proxy_pass http://api/;
    proxy_intercept_errors on;
    error_page 401 = @again;
  }
  location @again {
    rewrite ^ /_emulator/log break;
    proxy_set_header Host localhost; # what the emulator asks of it
    proxy_pass http://api;
  }
  # Not ours: what is sent here says nothing about our token.
  location /foreign/ { proxy_pass http://api/; }
  location = /metrics {
    content_by_lua_block { require("equinix.nginx").metrics(require "demo") }
  }
  location = /captured {
    content_by_lua_block {
      ngx.status = ngx.location.capture("/logged/fabric/v4/ports").status
    }
  }
  location /logged/ {
    log_subrequest on;
    rewrite_by_lua_block {
      require("equinix.nginx").authorize(require "demo")
    }
    proxy_set_header Authorization $equinix_authorization;
    proxy_pass http://api/;
  }
]]

local function field(response, name)
  local found
  for _, header in ipairs(response.headers) do
    if header[1]:lower() == name:lower() then
      assert(not found, name .. " is there twice")
      found = header[2]
    end
  end
  return found
end

describe("the gateway", function()
  local e, n

  setup(function()
    e = emulator.start { plain = true }
    n = nginx.start {
      files = { ["demo.lua"] = nginx.client(e, "timeout = 5") },
      http = ([[
        init_by_lua_block { require "equinix" }
        upstream api { server 127.0.0.1:%d; keepalive 8; }
      ]]):format(e.port) .. VARIABLE,
      server = GATEWAY,
    }
  end)
  before_each(function()
    e:reset()
    n:run "demo:forget()"
  end)
  teardown(function()
    n:stop()
    e:stop()
  end)

  local PORTS = "/api/fabric/v4/ports"

  local function old()
    n:run "require('spec.support.old_token')(demo)"
  end

  local function rejections()
    return n:run "return demo:stats().rejections"
  end

  it("brings the token that all requests share", function()
    for _ = 1, 5 do
      local body = json.decode(n:ok(PORTS))
      assert.is_string(body.data[1].name)
    end
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
    assert.are.equal(5, e:count "GET /fabric/v4/ports")
  end)

  it("sends no Authorization of the caller's on, however it is spelled",
    function()
      n:ok(PORTS)
      for _, headers in ipairs {
        { { "Authorization", "Bearer mine" } },
        { { "authorization", "Basic bWluZTptaW5l" } },
        { { "Authorization", "" } },
        { { "Authorization", ("x"):rep(4000) } },
        { { "X-Forwarded-Authorization", "Bearer mine" },
          { "Connection", "authorization" } },
      } do
        local response = assert(n:send("GET", PORTS, { headers = headers }))
        assert.are.equal(200, response.status)
      end
      local log = e:log()
      local used = 0
      for _ in pairs(log.tokens) do
        used = used + 1
      end
      assert.are.equal(1, used)
      assert.are.equal(6, log.routes["GET /fabric/v4/ports"])
      assert.are.equal(1, log.token_requests)
    end)

  -- nginx may refuse what is no HTTP; what it passes on has our token only.
  for what, lines in pairs {
    ["twice"] = "Authorization: Bearer a\r\nauthorization: Bearer b\r\n",
    ["folded"] = "Authorization: Bearer a\r\n b: Bearer c\r\n",
    ["with a blank"] = "Authorization : Bearer a\r\n",
    ["in the middle of another"] = "X: y\nAuthorization: Bearer a\r\n",
  } do
    it("passes none on that is written " .. what, function()
      local socket = assert(require("socket").connect("127.0.0.1", n.port))
      assert(socket:send("GET " .. PORTS .. " HTTP/1.1\r\nHost: x\r\n"
        .. lines .. "Connection: close\r\n\r\n"))
      local answer = socket:receive "*a"
      socket:close()
      local status = tonumber(answer:match "^HTTP/1.1 (%d+)")
      local used = e:log().tokens
      assert.is_true(status == 400 and next(used) == nil
        or status == 200 and next(used, (next(used))) == nil, answer)
    end)
  end

  it("passes a 401 on and refuses that token: the next one is good",
    function()
      local before = rejections()
      old()
      e:config { revoke_all = true }
      assert.are.equal(401, (n:get(PORTS)))
      assert.is_true(process.eventually(function()
        return n:get(PORTS) == 200
      end))
      assert.are.equal(2, e:count "POST /oauth2/v1/token")
      assert.are.equal(before + 1, rejections())
    end)

  it("notices a 401 that an error page hides", function()
    local before = rejections()
    old()
    e:config { revoke_all = true }
    n:ok "/hidden/fabric/v4/ports"
    assert.is_true(process.eventually(function()
      return rejections() == before + 1
    end))
  end)

  it("notices a 401 in a subrequest that is logged", function()
    local before = rejections()
    old()
    e:config { revoke_all = true }
    assert.are.equal(401, (n:get "/captured"))
    assert.is_true(process.eventually(function()
      return rejections() == before + 1
    end))
    n:ok "/captured"
  end)

  it("refuses nothing for other answers, or for another's 401", function()
    local before = rejections()
    n:ok(PORTS)
    assert.are.equal(410, (n:get "/api/nowhere"))
    e:config { api_status = 500 }
    assert.are.equal(500, (n:get(PORTS)))
    e:config { api_status = 0 }
    assert.are.equal(401, (n:get "/foreign/fabric/v4/ports"))
    local response = assert(n:send("GET", "/foreign/fabric/v4/ports", {
      headers = { { "Authorization", "Bearer theirs" } },
    }))
    assert.are.equal(401, response.status)
    n:ok(PORTS)
    assert.are.equal(before, rejections())
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
  end)

  -- Any caller can request a path that answers 401.
  it("serves the other paths beside one that always answers 401", function()
    e:config { api_status = 401, scope = "/fabric/v4/ports" }
    local before = rejections()
    for _ = 1, 8 do
      assert.are.equal(401, (n:get(PORTS)))
      n:ok "/api/fabric/v4/metros"
    end
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
    for _ = 1, 8 do
      old()
      assert.are.equal(401, (n:get(PORTS)))
      n:ok "/api/fabric/v4/metros"
    end
    assert.is_true(e:count "POST /oauth2/v1/token" <= 6)
    assert.is_true(rejections() - before <= 5)
  end)

  it("answers 503 when there is no token, and sends nothing on", function()
    -- No other client has this name in the cache: a back-off stays.
    local other = nginx.start {
      files = { ["demo.lua"] = nginx.client(e, "timeout = 5, cache_key = 'b'")
      },
      http = (VARIABLE .. "upstream api { server 127.0.0.1:%d; }")
        :format(e.port),
      server = GATEWAY,
    }
    finally(function()
      other:stop()
    end)
    e:config { status = 503, retry_after = 7 }
    for _ = 1, 3 do
      local response = assert(other:send("GET", PORTS, {
        headers = { { "Authorization", "Bearer mine" } },
      }))
      assert.are.equal(503, response.status)
      assert.are.equal("application/problem+json",
        field(response, "Content-Type"))
      local pause = tonumber(field(response, "Retry-After"))
      assert.is_true(pause >= 1 and pause <= 7)
      assert.are.equal("no-store", field(response, "Cache-Control"))
      local body = assert(json.decode(response.body))
      assert.are.equal(503, body.status)
      assert.is_nil(response.body:find(e.client_id, 1, true))
      assert.is_nil(response.body:find("oauth2", 1, true))
    end
    local head = assert(other:send("HEAD", PORTS))
    assert.are.same({ 503, "" }, { head.status, head.body })
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
    assert.are.equal(0, e:count "GET /fabric/v4/ports")
    assert.truthy(other:error_log():find("equinix gateway: no token: ", 1,
      true))
    assert.is_nil(other:error_log():find(e.client_secret, 1, true))
  end)

  it("names the `env` line for a variable that nginx does not hand on",
    function()
      local said = n:run [[
        local _, err = require("equinix").new()
        return tostring(err)
      ]]
      assert.truthy(said:find("`env EQUINIX_API_CLIENTID;`", 1, true), said)
      assert.truthy(said:find("`env EQUINIX_API_CLIENTSECRET;`", 1, true))
    end)

  describe("has metrics that", function()
    local function metric(name)
      return tonumber(("\n" .. n:ok "/metrics"):match("\n" .. name
        .. " (%S+)\n"))
    end

    it("fetch a token at the side, and say when there is one", function()
      assert.are.equal(0, metric "equinix_gateway_ready")
      assert(process.eventually(function()
        return metric "equinix_gateway_ready" == 1
      end))
      assert.are.equal(1, e:count "POST /oauth2/v1/token")
      assert.are.equal(3600, metric "equinix_token_life_seconds")
      assert.is_true(metric "equinix_token_renewals_total" >= 1)
      assert.matches("\nequinix_build_info{[^}]*nginx=", n:ok "/metrics")
      local token = n:run "return demo:token().access_token"
      assert.is_nil(n:ok("/metrics"):find(token, 1, true))
    end)

    it("say that there is none, and answer at once", function()
      e:config { status = 503, token_latency = 2 }
      assert.are.equal(0, metric "equinix_gateway_ready")
      assert(process.eventually(function()
        return e:count "POST /oauth2/v1/token" == 1
      end))
      assert.are.equal(0, metric "equinix_gateway_ready")
    end)
  end)
end)
