-- adapter/rest: the HTTP of the capability, without a network.
local json = require "equinix.base.json"
local rest = require "equinix.service.rest"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

local TOKEN, REFRESH = "/oauth2/v1/token", "/oauth2/v1/refreshaccesstoken"
local JSON = { ["content-type"] = "application/json" }

local function serve(answers, options)
  local client, transport = scripted.client(answers or
    { scripted.token "one" })
  options = options or {}
  options.service = service.new(client, options.now)
  options.client = client
  local adapter = rest.new(options)
  return function(method, path, body, headers)
    local all = { host = "127.0.0.1:8080" }
    for name, value in pairs(headers or {}) do
      all[name] = value
    end
    return adapter:handle { method = method, path = path, body = body or "",
      headers = all }
  end, transport, adapter
end

local function problem(response, status)
  assert.equal(status, response.status)
  assert.equal("application/problem+json", response.headers["Content-Type"])
  local object = assert(json.decode(response.body))
  assert.equal(status, object.status)
  return object
end

describe("POST " .. TOKEN, function()
  it("needs no body, and an empty one needs no type", function()
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

  it("hands a caller's body on, byte for byte", function()
    local ask, transport = serve { scripted.json(200, '{"a":1}') }
    local body = '\n{ "client_id" : "a", "client_secret":"b\\u0041" }'
    local response = ask("POST", TOKEN, body, JSON)
    assert.equal(body, transport.sent[1].request.body)
    assert.equal('{"a":1}', response.body)
    assert.equal("application/json", response.headers["Content-Type"])
  end)

  it("takes JSON by any of its names, and nothing else", function()
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

  it("takes an object, and nothing else that is JSON or is not", function()
    local ask, transport = serve()
    for _, body in ipairs { "[]", '[{"client_id":"x"}]', "null", "1", '"x"',
      "{", "{}x", "\0", "{'a':1}" } do
      problem(ask("POST", TOKEN, body, JSON), 400)
    end
    assert.equal(0, #transport.sent)
  end)

  it("takes a megabyte and not a byte more", function()
    local ask = serve()
    local most = "{" .. (" "):rep(1024 * 1024 - 2) .. "}"
    assert.equal(200, ask("POST", TOKEN, most, JSON).status)
    problem(ask("POST", TOKEN, most .. " ", JSON), 413)
  end)

  it("gives problems their type, and Equinix's words theirs", function()
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

  it("tells the log why, and the caller no more than he may know",
    function()
      local ask = serve { scripted.broken("network", true) }
      local response, reason = ask("POST", TOKEN)
      problem(response, 502)
      assert.equal("network", reason.kind)
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
  it("of another method is told which there is", function()
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

  it("to another path is told that there is none", function()
    local ask = serve()
    for _, path in ipairs { "/", "", "/oauth2/v1/token/", "/OAUTH2/v1/token",
      "/oauth2/v1/userinfo", "//oauth2/v1/token", "/healthz/" } do
      problem(ask("POST", path), 404)
      problem(ask("GET", path), 404)
    end
  end)

  it("is met at the door before anything else", function()
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

  it("gets nothing that may be kept, whatever it is", function()
    local ask = serve()
    for _, what in ipairs { { "POST", TOKEN }, { "GET", TOKEN },
      { "GET", "/healthz" }, { "GET", "/readyz" }, { "GET", "/metrics" },
      { "GET", "/openapi.json" }, { "GET", "/nothing" } } do
      local response = ask(what[1], what[2])
      assert.equal("no-store", response.headers["Cache-Control"], what[2])
    end
  end)
end)

describe("a request table that comes again", function()
  -- The same second all along.
  local function now()
    return 0
  end

  local function asked(headers)
    headers = headers or {}
    headers.host = "localhost"
    return { method = "POST", path = TOKEN, body = "", headers = headers }
  end

  -- The first one had a token requested; from then on there is one.
  local function handled(adapter, request)
    adapter:handle(request)
    return adapter:handle(request)
  end

  it("gets the response it got, as long as that is the token", function()
    local _, transport, adapter = serve({ scripted.token "one",
      scripted.token "two" }, { now = now })
    local request = asked()
    assert.is_nil(adapter:again(request))
    local response = handled(adapter, request)
    assert.equal(response, adapter:again(request))
    assert.is_nil(adapter:again(asked()))
    adapter.client:invalidate "Bearer one"
    assert.is_nil(adapter:again(request))
    response = handled(adapter, request)
    assert.equal("two", json.decode(response.body).access_token)
    assert.equal(response, adapter:again(request))
    assert.equal(2, #transport.sent)
  end)

  it("is met at the door as ever", function()
    local _, _, adapter = serve(nil, { auth_token = "t", now = now })
    local request = asked { authorization = "Bearer t" }
    handled(adapter, request)
    assert.is_truthy(adapter:again(request))
    for name, value in pairs { origin = "http://evil.example",
      authorization = "Bearer x", host = "evil.example" } do
      local before = request.headers[name]
      request.headers[name] = value
      assert.is_nil(adapter:again(request), name)
      request.headers[name] = before
    end
    assert.is_truthy(adapter:again(request))
  end)

  it("is answered anew where it was no token of the service's", function()
    local _, transport, adapter = serve({ scripted.token "one",
      scripted.token "two" }, { now = now })
    local renewal = asked()
    renewal.path = REFRESH
    local wrong = asked()
    wrong.method = "GET"
    handled(adapter, asked())
    for _, request in ipairs { renewal, wrong } do
      adapter:handle(request)
      assert.is_nil(adapter:again(request), request.method)
    end
    assert.equal(2, #transport.sent)
  end)
end)

describe("what watches the service", function()
  it("is healthy whatever becomes of tokens", function()
    local ask, transport = serve { scripted.json(503, {}) }
    assert.same({ status = "ok" }, json.decode(ask("GET", "/healthz").body))
    assert.equal(0, #transport.sent)
  end)

  it("is ready when a token can be had, and has one asked for", function()
    local ask, transport = serve()
    assert.equal(200, ask("GET", "/readyz").status)
    assert.equal(200, ask("HEAD", "/readyz").status)
    assert.equal(1, #transport.sent)
  end)

  it("is not ready when none can, and says until when", function()
    for _, answer in ipairs { scripted.refused(),
      scripted.json(503, {}, { ["retry-after"] = "5" }),
      scripted.broken("network", true) } do
      local ask, transport = serve { answer }
      for _ = 1, 2 do
        local response = ask("GET", "/readyz")
        problem(response, 503)
        assert.is_truthy(response.headers["Retry-After"])
      end
      assert.equal(1, #transport.sent)
    end
  end)

  it("has its counters, and a document of itself", function()
    local ask = serve()
    local response = ask("GET", "/metrics")
    assert.matches("^text/plain; version=0.0.4",
      response.headers["Content-Type"])
    assert.matches("\nequinix_token_requests_total 0\n", response.body)
    local document = json.decode(ask("GET", "/openapi.json").body)
    assert.equal("3.1.0", document.openapi)
  end)
end)

describe("rest.paths", function()
  it("names every path that is answered, and no other", function()
    local ask = serve()
    local paths = rest.paths()
    assert.equal(6, #paths)
    for _, path in ipairs(paths) do
      assert.not_equal(404, ask("GET", path).status)
    end
  end)
end)
