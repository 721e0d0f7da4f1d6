-- rest: the HTTP of the capability, without a network.
local json = require "equinix.base.json"
local rest = require "equinix.service.rest"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

local TOKEN, REFRESH = "/oauth2/v1/token", "/oauth2/v1/refreshaccesstoken"
local JSON = { ["content-type"] = "application/json" }

local function serve(responses, options)
  local client, transport = scripted.client(responses or
    { scripted.token "one" })
  options = options or {}
  options.service = service.new(client, options.now)
  options.client = client
  options.version = "1.2.3"
  local api = rest.new(options)
  return function(method, path, body, headers)
    local all = { host = "127.0.0.1:8080" }
    for name, value in pairs(headers or {}) do
      all[name] = value
    end
    return api:handle { method = method, path = path, body = body or "",
      headers = all }
  end, transport, api
end

local function problem(response, status)
  assert.equal(status, response.status)
  assert.equal("application/problem+json", response.headers["Content-Type"])
  local object = assert(json.decode(response.body))
  assert.equal(status, object.status)
  return object
end

describe("GET /metrics", function()
  it("asks whether credentials are held back, while that was so", function()
    local ask, _, api = serve()
    local function latched()
      return ask("GET", "/metrics").body
        :match "\nequinix_credentials_latched (%d)"
    end
    api.metrics:event("latched", {})
    assert.equal("1", latched()) -- there is no token
    ask("POST", TOKEN)
    api.metrics:event("latched", {})
    assert.equal("0", latched()) -- the secret is another one by now
    function api.client.ready()
      return nil, { kind = "auth" }
    end
    api.metrics:event("latched", {})
    assert.equal("1", latched())
  end)
end)

describe("POST " .. TOKEN, function()
  it("needs no body, and an empty one needs no Content-Type", function()
    local ask, transport = serve()
    for _, body in ipairs { "", " \r\n" } do
      local response = ask("POST", TOKEN, body)
      assert.equal(200, response.status)
      assert.equal("application/json", response.headers["Content-Type"])
      assert.equal("0", response.headers.Age)
      assert.equal("one", json.decode(response.body).access_token)
    end
    assert.equal(200, ask("POST", TOKEN, "{}", JSON).status)
    assert.equal(1, #transport.sent)
  end)

  it("passes a caller's body on, byte for byte", function()
    local ask, transport = serve { scripted.json(200, '{"a":1}') }
    local body = '\n{ "client_id" : "a", "client_secret":"b\\u0041" }'
    local response = ask("POST", TOKEN, body, JSON)
    assert.equal(body, transport.sent[1].request.body)
    assert.equal('{"a":1}', response.body)
    assert.equal("application/json", response.headers["Content-Type"])
  end)

  it("accepts every media type of JSON, and nothing else", function()
    local ask = serve()
    for kind, status in pairs { ["application/json"] = 200,
      ["Application/JSON; charset=utf-8"] = 200,
      ["application/problem+json"] = 200, ["text/json"] = 415,
      ["application/x-www-form-urlencoded"] = 415, ["text/plain"] = 415,
      ["application/jsonp"] = 415, [""] = 415 } do
      local response = ask("POST", TOKEN, "{}", { ["content-type"] = kind })
      assert.equal(status, response.status, kind)
    end
    problem(ask("POST", TOKEN, "{}"), 415)
  end)

  it("accepts an object, and nothing else, JSON or not", function()
    local ask, transport = serve()
    for _, body in ipairs { "[]", '[{"client_id":"x"}]', "null", "1", '"x"',
      "{", "{}x", "\0", "{'a':1}" } do
      problem(ask("POST", TOKEN, body, JSON), 400)
    end
    assert.equal(0, #transport.sent)
  end)

  it("accepts 1 MiB and no more", function()
    local ask = serve()
    local most = "{" .. (" "):rep(1024 * 1024 - 2) .. "}"
    assert.equal(200, ask("POST", TOKEN, most, JSON).status)
    problem(ask("POST", TOKEN, most .. " ", JSON), 413)
  end)

  it("has one media type for problems, another for Equinix's errors",
    function()
      local ask = serve { scripted.json(503, {}, { ["retry-after"] = "9" }) }
      local own = ask("POST", TOKEN)
      problem(own, 503)
      assert.equal("9", own.headers["Retry-After"])
      local theirs = ask("POST", TOKEN, '{"client_id":"'
        .. scripted.unique() .. '"}', JSON)
      assert.equal(503, theirs.status)
      assert.equal("application/json", theirs.headers["Content-Type"])
      assert.equal("9", theirs.headers["Retry-After"])
    end)

  it("returns the error for the log, and hides it from the caller",
    function()
      local ask = serve { scripted.broken("network", true) }
      local response, err = ask("POST", TOKEN)
      problem(response, 502)
      assert.equal("network", err.kind)
      assert.is_nil(response.body:find("scripted failure", 1, true))
    end)

  it("passes a trace on", function()
    local ask, transport = serve()
    local trace = "00-" .. ("a"):rep(32) .. "-" .. ("b"):rep(16) .. "-01"
    ask("POST", TOKEN, "", { traceparent = trace })
    local headers = transport.sent[1].request.headers
    assert.same({ "traceparent", trace }, headers[#headers])
  end)
end)

describe("POST " .. REFRESH, function()
  it("renews", function()
    local ask = serve { scripted.token "one", scripted.token "two" }
    ask("POST", TOKEN)
    local response = ask("POST", REFRESH)
    assert.equal("two", json.decode(response.body).access_token)
    problem(ask("POST", REFRESH, '{"refresh_token":"found"}', JSON), 400)
  end)
end)

describe("a request", function()
  it("with another method is refused, with Allow", function()
    local ask, transport = serve()
    for _, method in ipairs { "GET", "PUT", "DELETE", "HEAD", "OPTIONS",
      "post" } do
      local response = ask(method, TOKEN)
      problem(response, 405)
      assert.equal("POST", response.headers.Allow)
    end
    for _, path in ipairs { "/healthz", "/readyz", "/metrics",
      "/openapi.json" } do
      local response = ask("POST", path)
      problem(response, 405)
      assert.equal("GET, HEAD", response.headers.Allow)
    end
    assert.equal(0, #transport.sent)
  end)

  it("to another path is refused", function()
    local ask = serve()
    for _, path in ipairs { "/", "", "/oauth2/v1/token/", "/OAUTH2/v1/token",
      "/oauth2/v1/userinfo", "//oauth2/v1/token", "/healthz/" } do
      problem(ask("POST", path), 404)
      problem(ask("GET", path), 404)
    end
  end)

  it("is checked for access before anything else", function()
    local ask, transport = serve(nil, { auth_token = "t" })
    problem(ask("POST", TOKEN), 401)
    problem(ask("GET", "/metrics"), 401)
    problem(ask("GET", "/nothing"), 401)
    local key = { authorization = "Bearer t" }
    assert.equal(200, ask("POST", TOKEN, "", key).status)
    problem(ask("POST", TOKEN, "", { host = "evil.example",
      authorization = "Bearer t" }), 403)
    assert.equal(1, #transport.sent)
  end)

  it("has its body read after all that can be refused before", function()
    local _, _, api = serve(nil, { auth_token = "t" })
    local count = 0
    local function send(method, path, headers)
      headers.host = headers.host or "localhost"
      return api:handle { method = method, path = path, headers = headers,
        body = function()
          count = count + 1
          return nil, "the failure"
        end }
    end
    local key = { authorization = "Bearer t" }
    for _, case in ipairs { { "POST", TOKEN, {} },
      { "POST", TOKEN, { host = "evil" } }, { "GET", TOKEN, key },
      { "POST", "/nothing", key }, { "GET", "/metrics", key },
      { "GET", "/healthz", {} }, { "GET", "/readyz", {} } } do
      send((table.unpack or unpack)(case))
    end
    assert.equal(0, count)
    assert.equal("the failure", send("POST", TOKEN, key))
    assert.equal(1, count)
  end)

  it("gets a response that may not be cached, in every case", function()
    local ask = serve()
    for _, what in ipairs { { "POST", TOKEN }, { "GET", TOKEN },
      { "GET", "/healthz" }, { "GET", "/readyz" }, { "GET", "/metrics" },
      { "GET", "/openapi.json" }, { "GET", "/nothing" } } do
      local response = ask(what[1], what[2])
      assert.equal("no-store", response.headers["Cache-Control"], what[2])
    end
  end)
end)

describe("a request table that is handled again", function()
  -- Always the same second.
  local function now()
    return 0
  end

  local function new_request(headers)
    headers = headers or {}
    headers.host = "localhost"
    return { method = "POST", path = TOKEN, body = "", headers = headers }
  end

  -- The first time a token is requested; the second time there is one.
  local function handled(api, request)
    api:handle(request)
    return api:handle(request)
  end

  it("gets the same response, as long as its token is current", function()
    local _, transport, api = serve({ scripted.token "one",
      scripted.token "two" }, { now = now })
    local request = new_request()
    assert.is_nil(api:again(request))
    local response = handled(api, request)
    assert.equal(response, api:again(request))
    assert.is_nil(api:again(new_request()))
    api.client:invalidate "Bearer one"
    assert.is_nil(api:again(request))
    response = handled(api, request)
    assert.equal("two", json.decode(response.body).access_token)
    assert.equal(response, api:again(request))
    assert.equal(2, #transport.sent)
  end)

  it("is checked for access each time", function()
    local _, _, api = serve(nil, { auth_token = "t", now = now })
    local request = new_request { authorization = "Bearer t" }
    handled(api, request)
    assert.is_truthy(api:again(request))
    for name, value in pairs { origin = "http://evil.example",
      authorization = "Bearer x", host = "evil.example" } do
      local before = request.headers[name]
      request.headers[name] = value
      assert.is_nil(api:again(request), name)
      request.headers[name] = before
    end
    assert.is_truthy(api:again(request))
  end)

  it("is not repeated unless it is the service's own token", function()
    local _, transport, api = serve({ scripted.token "one",
      scripted.token "two" }, { now = now })
    local renewal = new_request()
    renewal.path = REFRESH
    local wrong = new_request()
    wrong.method = "GET"
    handled(api, new_request())
    for _, request in ipairs { renewal, wrong } do
      api:handle(request)
      assert.is_nil(api:again(request), request.method)
    end
    assert.equal(2, #transport.sent)
  end)
end)

describe("monitoring", function()
  it("is healthy whether there is a token or not", function()
    local ask, transport = serve { scripted.json(503, {}) }
    assert.same({ status = "ok" }, json.decode(ask("GET", "/healthz").body))
    assert.equal(0, #transport.sent)
  end)

  it("is ready when it can get a token, and requests one", function()
    local ask, transport = serve()
    assert.equal(200, ask("GET", "/readyz").status)
    assert.equal(200, ask("HEAD", "/readyz").status)
    assert.equal(1, #transport.sent)
  end)

  it("is not ready when it can't, and says no more than that", function()
    for _, upstream in ipairs { scripted.refused(),
      scripted.json(503, {}, { ["retry-after"] = "5" }),
      scripted.broken("network", true) } do
      local ask, transport = serve { upstream }
      for i = 1, 2 do
        local response, err = ask("GET", "/readyz")
        assert.equal(503, response.status)
        assert.same({ status = "not ready" }, json.decode(response.body))
        assert.is_nil(response.headers["Retry-After"])
        assert.equal(i == 1, err ~= nil) -- the log has it once
      end
      assert.equal(1, #transport.sent)
    end
  end)

  it("answers probes without a check, and nothing else", function()
    local ask = serve(nil, { auth_token = "t" })
    for path, status in pairs { ["/healthz"] = 200, ["/readyz"] = 200,
      ["/metrics"] = 403, ["/openapi.json"] = 403, [TOKEN] = 403 } do
      assert.equal(status, ask("GET", path, "", { host = "10.0.0.7:8080",
        origin = "http://evil.example" }).status, path)
    end
  end)

  it("has counters and an OpenAPI document", function()
    local ask = serve()
    local response = ask("GET", "/metrics")
    assert.matches("^text/plain; version=0.0.4",
      response.headers["Content-Type"])
    assert.matches("\nequinix_token_requests_total 0\n", response.body)
    local document = json.decode(ask("GET", "/openapi.json").body)
    assert.equal("3.1.0", document.openapi)
    assert.equal("1.2.3", document.info.version)
  end)
end)
