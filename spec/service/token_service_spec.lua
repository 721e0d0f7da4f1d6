-- token_service: whose token a caller gets, and in which form.
local json = require "equinix.base.json"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

local GET, REFRESH = "getoauth2accesstoken", "refreshoauth2accesstoken"
local TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

local function serve(responses, opts, now)
  local client, transport, options = scripted.client(responses, opts)
  return service.new(client, now), transport, options, client
end

-- A clock that moves for the service, not for the token.
local function clock()
  local at = os.time()
  return function(seconds)
    at = at + (seconds or 0)
    return at
  end
end

describe("a call without credentials", function()
  it("gets the service's own token, in the shape of Equinix's response",
    function()
      local s = serve { scripted.token("one", { refresh_token = "r",
        refresh_token_timeout = "5182560 (60 days)" }) }
      local response = s:call(GET)
      assert.equal(200, response.status)
      assert.same({ access_token = "one", token_timeout = "3600",
        token_type = "Bearer", user_name = "cageadmin", refresh_token = "r",
        refresh_token_timeout = "5182560" }, response.object)
      assert.same(response.object, json.decode(response.body))
      assert.equal("0", response.headers.Age)
      assert.is_nil(response.err)
    end)

  it("causes one token request for all callers", function()
    local s, transport = serve { scripted.token "one" }
    for _, fields in ipairs { false, {}, { client_id = json.null },
      { grant_type = "client_credentials" }, { clientId = json.null } } do
      assert.equal("one", s:call(GET, fields or nil).object.access_token)
    end
    assert.equal(1, #transport.sent)
  end)

  it("is refused if anything in it is not understood, and sends nothing",
    function()
      local s, transport = serve { scripted.token "one" }
      for name, operation in pairs { clientId = GET, grant_type = REFRESH,
        refresh_token = GET, password_encoding = GET } do
        local response = s:call(operation, { [name] = "none" })
        assert.equal(400, response.status, name)
        assert.equal("not_understood", response.object.code)
        assert.is_truthy(response.object.detail:find(name, 1, true))
        assert.equal("config", response.err.kind)
      end
      assert.equal(0, #transport.sent)
    end)

  it("says how many seconds are left, and how old it is", function()
    local now = clock()
    local s = serve({ scripted.token "one" }, nil, now)
    for _ = 1, 3 do
      assert.equal("3600", s:call(GET).object.token_timeout)
    end
    now(59)
    local response = s:call(GET)
    assert.equal("3541", response.object.token_timeout)
    assert.equal("59", response.headers.Age)
  end)

  it("never reports more than the lifetime, even if the clock is set back",
    function()
      local now = clock()
      local s = serve({ scripted.token "one" }, nil, now)
      s:call(GET)
      now(-7200)
      local response = s:call(GET)
      assert.equal("3600", response.object.token_timeout)
      assert.equal("0", response.headers.Age)
    end)

  it("does not return a response again once its token is refused", function()
    local now = clock()
    local s, _, _, client = serve({ scripted.token "one",
      scripted.token "two" }, nil, now)
    assert.equal("one", s:call(GET).object.access_token)
    assert.equal("one", s:call(GET).object.access_token)
    client:invalidate "Bearer one"
    assert.equal("two", s:call(GET).object.access_token)
    assert.equal("two", s:call(GET).object.access_token)
  end)

  it("reports no lifetime for a static token", function()
    local c = assert(require("equinix").new { token = "mine" })
    local s = service.new(c)
    local response = s:call(GET)
    assert.same({ access_token = "mine", token_type = "Bearer" },
      response.object)
    assert.is_nil(response.headers.Age)
    assert.is_nil(s:life())
    response = s:call(REFRESH)
    assert.equal(501, response.status)
    assert.equal("static_token", response.object.code)
  end)
end)

describe("a call with credentials", function()
  local BODY = '{ "client_id" : "a",\n "client_secret":"b" , "more": [1] }'

  it("is sent unchanged, and Equinix's response is returned unchanged",
    function()
      local said = '{"access_token" : "theirs","token_timeout":3599 ,"x":1}'
      local s, transport = serve { scripted.json(200, said) }
      local response = s:call(GET, json.decode(BODY), BODY)
      assert.equal(BODY, transport.sent[1].request.body)
      assert.equal(said, response.body)
      assert.equal("theirs", response.object.access_token)
      assert.is_nil(response.headers.Age)
    end)

  it("is recognised by any one of them", function()
    for _, name in ipairs { "client_id", "client_secret", "user_name",
      "user_password" } do
      local s, transport = serve { scripted.json(400, {}) }
      assert.equal(400, s:call(GET, { [name] = "x" }).status)
      assert.equal('{"' .. name .. '":"x"}', transport.sent[1].request.body)
    end
  end)

  it("is not recognised by other members, nor by null", function()
    assert.is_true(service.has_credentials { client_id = "x" })
    for _, fields in ipairs { {}, { grant_type = "password" },
      { refresh_token = "r" }, { client_id = json.null } } do
      assert.is_false(service.has_credentials(fields))
    end
  end)

  it("gets Equinix's status, body and Retry-After", function()
    for _, status in ipairs { 400, 401, 403, 429, 500, 503 } do
      local s = serve { scripted.json(status, { errorCode = "E1" },
        { ["retry-after"] = "7" }) }
      local response = s:call(GET, { client_id = scripted.unique() })
      assert.equal(status, response.status)
      assert.equal('{"errorCode":"E1"}', response.body)
      assert.equal("7", response.headers["Retry-After"])
      assert.is_nil(response.err)
    end
  end)

  it("does not pass on a Retry-After that is not valid", function()
    local s = serve { scripted.json(503, {}, { ["retry-after"] = "soon" }) }
    local response = s:call(GET, { client_id = scripted.unique() })
    assert.is_nil(response.headers["Retry-After"])
  end)

  it("gets 502 and the status where the response is not JSON", function()
    for status, body in pairs { [503] = "<html>", [200] = "", [404] = "nope",
      [201] = '"a string"', [302] = "{}" } do
      local s = serve { scripted.json(status, body) }
      local response = s:call(GET, { client_id = scripted.unique() })
      assert.equal(502, response.status)
      assert.equal(status, response.object.upstream_status)
      assert.is_nil(response.body:find("html", 1, true))
    end
  end)

  it("has to wait when the lock-out guard holds it back", function()
    local s, transport = serve { scripted.refused() }
    local id = scripted.unique()
    local fields = { client_id = id, client_secret = "wrong" }
    assert.equal(401, s:call(GET, fields).status)
    local response = s:call(GET, fields)
    assert.equal(429, response.status)
    assert.equal("latched", response.object.code)
    assert.is_true(tonumber(response.headers["Retry-After"]) > 500)
    assert.equal(1, #transport.sent)
  end)
end)

describe("a failure", function()
  local SECRET = "s3cret-of-this-app"

  it("of the service's own credentials has Equinix's status and errors",
    function()
      local s = serve { scripted.refused() }
      for _ = 1, 2 do -- the second one is not sent
        local response = s:call(GET)
        assert.equal(401, response.status)
        assert.equal("S1006", response.object.code)
        assert.equal("S1006", response.object.errors[1].code)
        assert.equal("auth", response.err.kind)
        assert.is_truthy(response.headers["Retry-After"])
      end
    end)

  it("says when to try again", function()
    local s, transport = serve { scripted.json(503, {},
      { ["retry-after"] = "33" }) }
    for _ = 1, 2 do
      local response = s:call(GET)
      assert.equal(503, response.status)
      assert.equal("33", response.headers["Retry-After"])
    end
    assert.equal(1, #transport.sent)
  end)

  it("of the network is a 502, 504 or 503 without the name of a host",
    function()
      for kind, status in pairs { network = 502, tls = 502, timeout = 504 }
      do
        local s = serve { scripted.broken(kind, true) }
        local response = s:call(GET)
        assert.equal(status, response.status)
        assert.is_nil(response.body:find("scripted failure", 1, true))
        assert.equal(kind, response.err.kind)
      end
    end)

  it("never contains a secret, a path or a name of this machine", function()
    local path = os.tmpname()
    os.remove(path)
    local s = serve({ scripted.json(400, { errorMessage = SECRET }) })
    assert.is_nil(s:call(GET).body:find(SECRET, 1, true))
    local c = assert(require("equinix").new { client_id = "x",
      client_secret_file = path })
    local response = service.new(c):call(GET)
    assert.equal(500, response.status)
    assert.is_nil(response.body:find(path, 1, true))
    assert.is_truthy(response.err.message:find(path, 1, true))
  end)
end)

describe("a trace", function()
  it("continues in the token request, and in a caller's own", function()
    local s, transport = serve { scripted.token "one" }
    s:call(GET, nil, nil, { traceparent = TRACE })
    s:call(REFRESH, nil, nil, { traceparent = TRACE })
    s:call(GET, { client_id = scripted.unique() }, nil,
      { traceparent = TRACE })
    s:call(GET, { client_id = scripted.unique() }, nil,
      { traceparent = "nonsense\r\nX: 1" })
    local seen = {}
    for i, entry in ipairs(transport.sent) do
      seen[i] = "none"
      for _, header in ipairs(entry.request.headers) do
        seen[i] = header[1] == "traceparent" and header[2] or seen[i]
      end
    end
    assert.same({ TRACE, TRACE, TRACE, "none" }, seen)
  end)
end)

describe("the service", function()
  it("reports the life of the token it has, and requests none", function()
    local s, transport = serve { scripted.token "one" }
    assert.is_nil(s:life())
    assert.equal(0, #transport.sent)
    s:call(GET)
    local life, left = s:life()
    assert.equal(3600, life)
    assert.is_true(left <= 3600 and left > 3500)
    assert.equal(1, s:stats().tokens)
  end)

  it("responds also after its client was closed", function()
    local s, _, _, client = serve { scripted.token "one" }
    client:close()
    assert.equal(503, s:call(GET).status)
    assert.equal(503, s:call(REFRESH).status)
    assert.is_nil(s:life())
  end)
end)
