-- grant: Equinix's field names out, a well-formed token or an error in.
local grant = require "equinix.oauth.grant"
local json = require "equinix.base.json"
local response = require "equinix.http.response"

local OP = "POST /oauth2/v1/token"
local STARTED = 1000000

local DEFAULTS = { base_url = "https://api.equinix.com",
  origin = "https://api.equinix.com:443", grant = "client_credentials",
  encoding = "json", client_id = "id", user_agent = "spec",
  connect_timeout = 10, proxy = "http://proxy:1", ca_file = "/ca" }

local function config(over)
  return setmetatable(over or {}, { __index = DEFAULTS })
end

local function answer(status, body, headers)
  body = type(body) == "table" and json.encode(body) or body
  return response.new({ status = status, body = body, headers = headers },
    "https://api.equinix.com/oauth2/v1/token")
end

-- Reads a good answer with these members.
local function read(members)
  members.access_token = members.access_token or "abc"
  return grant.read(answer(200, members), OP, STARTED)
end

local function key(over, secret)
  return grant.key(config(over), secret or "s")
end

describe("a token request", function()
  it("is Equinix's, as JSON", function()
    local request, op = grant.issue(config(), "hunter2")
    assert.equal(OP, op)
    assert.equal("POST", request.method)
    assert.equal("https://api.equinix.com/oauth2/v1/token", request.url)
    assert.same({ { "Content-Type", "application/json" },
      { "Accept", "application/json" }, { "User-Agent", "spec" } },
      request.headers)
    assert.same({ grant_type = "client_credentials", client_id = "id",
      client_secret = "hunter2" }, json.decode(request.body))
  end)

  it("of the password grant names the user as well", function()
    local request = grant.issue(config { grant = "password",
      user_name = "me", user_password = function()
        return "pw"
      end }, "hunter2")
    assert.same({ grant_type = "password", client_id = "id",
      client_secret = "hunter2", user_name = "me", user_password = "pw" },
      json.decode(request.body))
  end)

  it("is a form where a form is asked for", function()
    local request = grant.issue(config { encoding = "form" }, "a b&c=d")
    assert.equal("application/x-www-form-urlencoded", request.headers[1][2])
    assert.equal("client_id=id&client_secret=a%20b%26c%3Dd"
      .. "&grant_type=client_credentials", request.body)
  end)

  it("that renews has three members at a path of its own", function()
    local request, op = grant.renew(config(), "hunter2", "r-1")
    assert.equal("POST /oauth2/v1/refreshaccesstoken", op)
    assert.equal("https://api.equinix.com/oauth2/v1/refreshaccesstoken",
      request.url)
    assert.same({ client_id = "id", client_secret = "hunter2",
      refresh_token = "r-1" }, json.decode(request.body))
  end)

  it("goes once, on a connection of its own, and reads 64 KiB", function()
    for _, request in ipairs { (grant.issue(config(), "s")),
      (grant.renew(config(), "s", "r")) } do
      assert.is_true(request.fresh_connect)
      assert.is_false(request.may_resend)
      assert.equal(65536, request.max_body)
      assert.equal(10, request.connect_timeout)
      assert.equal("http://proxy:1", request.proxy)
      assert.equal("/ca", request.ca_file)
    end
  end)
end)

describe("a token's key", function()
  it("differs with everything that shapes the request", function()
    local seen = { [key()] = "the plain one" }
    assert.equal(key(), key())
    for name, value in pairs { base_url = "https://other",
      grant = "password", encoding = "form", client_id = "id2",
      user_name = "u", cache_key = "k", proxy = "http://p", ca_file = "/b",
      client_cert = "/c", client_key = "/d", user_password = function()
        return "pw"
      end } do
      local other = key { [name] = value }
      assert.is_nil(seen[other], name)
      seen[other] = name
    end
    assert.is_nil(seen[key({}, "other secret")])
  end)

  it("can't be forged by moving bytes from one part to the next", function()
    assert.not_equal(key({ client_id = "ab" }, "c"),
      key({ client_id = "a" }, "bc"))
    assert.not_equal(key({ client_id = "a1:b" }, "c"),
      key({ client_id = "a" }, "1:bc"))
  end)

  it("is not the account's, which knows no secret and no grant", function()
    local identity = grant.identity(config())
    assert.equal(identity, grant.identity(config { encoding = "form",
      base_url = "https://api.equinix.com/x", cache_key = "k",
      user_name = "who signs in with the password grant only" }))
    for _, over in ipairs { { client_id = "b" },
      { user_name = "u", grant = "password" },
      { origin = "https://o:443" } } do
      assert.not_equal(identity, grant.identity(config(over)))
    end
  end)

  it("differs from what is proved, which knows every secret", function()
    local proof = grant.proof(config(), "s")
    assert.not_equal(proof, grant.proof(config(), "t"))
    assert.not_equal(proof, grant.proof(config {
      user_password = function()
        return "p"
      end,
    }, "s"))
  end)
end)

describe("a token answer", function()
  it("becomes a token", function()
    local token, assumed = read { token_timeout = "3599 (60 minutes)",
      token_type = "Bearer", user_name = "me", refresh_token = "r-1",
      refresh_token_timeout = "5182560 (60 days)", unknown = { 1 } }
    assert.is_false(assumed)
    assert.same({ access_token = "abc", token_type = "Bearer",
      user_name = "me", expires_in = 3599, expires_at = STARTED + 3599,
      refresh_token = "r-1", refresh_expires_at = STARTED + 5182560 }, token)
  end)

  it("may say its life in many ways", function()
    for _, case in ipairs {
      { "3600", 3600 }, { 3600, 3600 }, { "3599 (60 minutes)", 3599 },
      { " 12", 12 }, { 0.5, 0.5 }, { "0", 0 }, { 0, 0 }, { -5, 0 },
      { "-5", 0 }, { 1e9, 86400 }, { ("9"):rep(400), 86400 },
    } do
      for _, name in ipairs { "token_timeout", "expires_in" } do
        local token, assumed = read { [name] = case[1] }
        assert.equal(case[2], token.expires_in, tostring(case[1]))
        assert.equal(STARTED + case[2], token.expires_at)
        assert.is_false(assumed)
      end
    end
    for text, life in pairs { ["1e999"] = 86400, ["-1e999"] = 0 } do
      assert.equal(life, grant.read(answer(200,
        '{"access_token":"a","expires_in":' .. text .. "}"), OP, 0).expires_in)
    end
    assert.equal(5, read({ token_timeout = "5", expires_in = 9 }).expires_in)
    assert.equal(9, read({ token_timeout = "x", expires_in = 9 }).expires_in)
  end)

  it("that does not say it is taken for an hour, and that is told",
    function()
      for _, value in ipairs { "soon", "", true, json.null, { 1 }, "x 60" } do
        local token, assumed = read { token_timeout = value }
        assert.equal(3600, token.expires_in)
        assert.is_true(assumed)
      end
      local token, assumed = read {}
      assert.equal(3600, token.expires_in)
      assert.is_true(assumed)
    end)

  it("holds a token of bytes 0x21 to 0x7e only, 16 KiB at most", function()
    for byte = 0, 255 do
      local body = byte < 128 and json.encode {
        access_token = "a" .. string.char(byte) .. "b" }
        or '{"access_token":"a' .. string.char(byte) .. 'b"}'
      local token, problem = grant.read(answer(200, body), OP, 0)
      if byte >= 0x21 and byte <= 0x7e then
        assert.equal("a" .. string.char(byte) .. "b", token.access_token)
      else
        assert.is_nil(token, byte)
        assert.equal("protocol", problem.kind)
      end
    end
    assert.truthy(read { access_token = ("x"):rep(16384) })
    for _, value in ipairs { ("x"):rep(16385), 12, true, {}, json.null } do
      assert.is_nil((read { access_token = value }))
    end
    assert.is_nil((grant.read(answer(200, { access_token = "" }), OP, 0)))
  end)

  it("is a bearer token, or does not say", function()
    for _, kind in ipairs { "Bearer", "bearer", "BEARER", json.null } do
      assert.equal("Bearer", read({ token_type = kind }).token_type)
    end
    for _, kind in ipairs { "MAC", "", "Bearer ", 1, {}, false } do
      local token, problem = read { token_type = kind }
      assert.is_nil(token)
      assert.equal("protocol", problem.kind)
    end
  end)

  it("loses a refresh token that is none, not the token", function()
    for _, value in ipairs { "", "a b", "a\n", 7, json.null, {},
      ("x"):rep(16385) } do
      local token = read { refresh_token = value,
        refresh_token_timeout = 60 }
      assert.equal("abc", token.access_token)
      assert.is_nil(token.refresh_token)
      assert.is_nil(token.refresh_expires_at)
    end
    for _, value in ipairs { "soon", 0, -1, json.null } do
      local token = read { refresh_token = "r",
        refresh_token_timeout = value }
      assert.is_nil(token.refresh_expires_at)
    end
    -- However absurd, it can be written down again.
    local token = read { refresh_token = "r",
      refresh_token_timeout = ("9"):rep(18) }
    assert.truthy(json.encode(token))
  end)

  it("that is no token is a protocol error, without its body", function()
    for _, body in ipairs { "", "<html>SECRET</html>", "[]", '"SECRET"',
      "null", '{"access_token": "SECRET', '{"token":"SECRET"}' } do
      local token, problem = grant.read(answer(200, body, {
        { "X-A", "b" } }), OP, 0)
      assert.is_nil(token)
      assert.equal("protocol", problem.kind)
      assert.equal("bad_token_response", problem.code)
      assert.equal(OP, problem.op)
      assert.not_matches("SECRET", tostring(problem))
      assert.is_nil(problem.response.body)
      assert.equal("b", problem.response.headers["X-A"])
      assert.is_false(grant.refused(problem, false))
    end
  end)
end)

describe("a token endpoint's failure", function()
  local S1006 = '{"errorCode":"S1006","errorMessage":"hunter2 is bad"}'

  local function failure(status, body, renewing, headers)
    return grant.failure(answer(status, body or "", headers), OP,
      { "hunter2" }, renewing or false, STARTED)
  end

  it("is a refusal by status, or by code whatever the status", function()
    for status, refused in pairs { [400] = true, [401] = true, [403] = true,
      [404] = false, [429] = false, [500] = false, [503] = false } do
      assert.equal(refused, failure(status).kind == "auth", status)
      assert.equal(refused, grant.refused(failure(status), false))
    end
    for _, status in ipairs { 400, 404, 429, 500, 503 } do
      for _, body in ipairs { S1006, '{"error":"invalid_client"}',
        '{"errors":[{"code":"X"},{"code":"S1006"}]}' } do
        local problem = failure(status, body)
        assert.equal("auth", problem.kind)
        assert.is_false(problem.retryable)
        assert.matches("client id and secret", problem.message)
      end
    end
  end)

  it("at the refresh endpoint is one by code only", function()
    for _, status in ipairs { 400, 401, 403, 500 } do
      assert.equal("http", failure(status, '{"error":"invalid_grant"}',
        true).kind)
      assert.equal("http", failure(status, "", true).kind)
      assert.equal("auth", failure(status, S1006, true).kind)
      assert.is_true(grant.refused(failure(status, S1006, true), true))
    end
  end)

  it("keeps Retry-After, an hour at most, and no body", function()
    local problem = failure(429, "BODY", false, { { "Retry-After", "7" } })
    assert.equal("http", problem.kind)
    assert.equal(7, problem.retry_after)
    assert.is_true(problem.retryable)
    assert.is_nil(problem.response.body)
    assert.equal(429, problem.response.status)
    assert.equal(3600, failure(503, "", false, {
      { "Retry-After", "86400" } }).retry_after)
  end)

  it("never brings an echoed secret back", function()
    local problem = failure(400, S1006)
    assert.equal("[redacted] is bad", problem.errors[1].message)
    assert.not_matches("hunter2", tostring(problem))
  end)

  it("never brings back a secret that is quoted as it was sent", function()
    for _, quoted in ipairs { "a%2Fb%22c", "a\\/b\\\"c", 'a/b"c' } do
      local problem = grant.failure(response.new({
        status = 500,
        headers = {},
        body = json.encode { errorMessage = "not read: " .. quoted },
      }, "https://api.equinix.com/oauth2/v1/token"), "POST /oauth2/v1/token",
        { 'a/b"c' }, false, 0)
      assert.equal("not read: [redacted]", problem.errors[1].message)
    end
  end)

  it("is a protocol error where it is a redirect", function()
    for _, status in ipairs { 300, 301, 302, 303, 304, 307, 308 } do
      local problem = failure(status, S1006, false, {
        { "Location", "https://evil.example/?secret" } })
      assert.equal("protocol", problem.kind)
      assert.equal("redirect", problem.code)
      assert.equal(status, problem.status)
      assert.is_false(grant.refused(problem, false))
      assert.not_matches("secret", tostring(problem))
    end
  end)
end)

describe("grant.trace", function()
  local TRACE = "00-" .. ("0a"):rep(16) .. "-" .. ("b1"):rep(8) .. "-01"

  it("adds the caller's trace to a request", function()
    local request = { headers = {} }
    grant.trace(request, TRACE)
    assert.same({ { "traceparent", TRACE } }, request.headers)
  end)

  it("adds nothing that is none, or that is malformed", function()
    local request = { headers = {} }
    grant.trace(request, nil)
    for _, text in ipairs { "", TRACE .. "\r\nX: 1", TRACE:sub(2),
      TRACE .. "-more", TRACE:gsub("a", "g"), "nonsense" } do
      grant.trace(request, text)
    end
    assert.same({}, request.headers)
  end)
end)
