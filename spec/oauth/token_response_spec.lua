-- token_response: a well-formed token, or an error, or a refusal.
local http_response = require "equinix.http.response"
local json = require "equinix.base.json"
local token_response = require "equinix.oauth.token_response"

local OP = "POST /oauth2/v1/token"
local STARTED = 1000000

local function answer(status, body, headers)
  body = type(body) == "table" and json.encode(body) or body
  return http_response.new({ status = status, body = body, headers = headers },
    "https://api.equinix.com/oauth2/v1/token")
end

-- Reads a good answer with these members.
local function read(members)
  members.access_token = members.access_token or "abc"
  return token_response.read(answer(200, members), OP, STARTED)
end

describe("a token response", function()
  it("becomes a token", function()
    local token, assumed = read { token_timeout = "3599 (60 minutes)",
      token_type = "Bearer", user_name = "me", refresh_token = "r-1",
      refresh_token_timeout = "5182560 (60 days)", unknown = { 1 } }
    assert.is_false(assumed)
    assert.same({ access_token = "abc", token_type = "Bearer",
      user_name = "me", expires_in = 3599, expires_at = STARTED + 3599,
      refresh_token = "r-1", refresh_expires_at = STARTED + 5182560,
      answer = '{"unknown":[1]}' }, token)
  end)

  it("may say its life in many ways", function()
    for _, case in ipairs {
      { "3600", 3600 }, { 3600, 3600 }, { "3599 (60 minutes)", 3599 },
      { " 12", 12 }, { 0.5, 0.5 }, { "0", 0 }, { 0, 0 }, { -5, 0 },
      { "-5", 0 }, { "60\t", 60 }, { 1e9, 86400 }, { ("9"):rep(400), 86400 },
    } do
      for _, name in ipairs { "token_timeout", "expires_in" } do
        local token, assumed = read { [name] = case[1] }
        assert.equal(case[2], token.expires_in, tostring(case[1]))
        assert.equal(STARTED + case[2], token.expires_at)
        assert.is_false(assumed)
      end
    end
    for text, life in pairs { ["1e999"] = 86400, ["-1e999"] = 0 } do
      assert.equal(life, token_response.read(answer(200,
        '{"access_token":"a","expires_in":' .. text .. "}"), OP, 0).expires_in)
    end
    assert.equal(5, read({ token_timeout = "5", expires_in = 9 }).expires_in)
    assert.equal(9, read({ token_timeout = "x", expires_in = 9 }).expires_in)
  end)

  it("that does not say it is taken for an hour, and says so",
    function()
      for _, value in ipairs { "soon", "", true, json.null, { 1 }, "x 60",
        "0x10", "0x10 (16)", "1e3", "3600.5", "12h", "+5", "--5" } do
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
      local token, problem = token_response.read(answer(200, body), OP, 0)
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
    assert.is_nil((token_response.read(answer(200, { access_token = "" }),
      OP, 0)))
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
    for _, value in ipairs { "soon", 0, -1, json.null, "0x10", "9z" } do
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
      local token, problem = token_response.read(answer(200, body, {
        { "X-A", "b" } }), OP, 0)
      assert.is_nil(token)
      assert.equal("protocol", problem.kind)
      assert.equal("bad_token_response", problem.code)
      assert.equal(OP, problem.op)
      assert.not_matches("SECRET", tostring(problem))
      assert.is_nil(problem.response.body)
      assert.equal("b", problem.response.headers["X-A"])
      assert.is_false(token_response.refused(problem, false))
    end
  end)
end)

describe("a token endpoint's error", function()
  local S1006 = '{"errorCode":"S1006","errorMessage":"hunter2 is bad"}'

  local function failure(status, body, renewing, headers)
    return token_response.error(answer(status, body or "", headers), OP,
      { "hunter2" }, renewing or false, STARTED)
  end

  it("is a refusal as a 401, or by code whatever the status", function()
    for status, refused in pairs { [400] = false, [401] = true, [403] = false,
      [404] = false, [429] = false, [500] = false, [503] = false } do
      assert.equal(refused, failure(status).kind == "auth", status)
      assert.equal(refused, token_response.refused(failure(status), false))
    end
    for _, status in ipairs { 200, 400, 404, 429, 500, 503 } do
      for _, body in ipairs { S1006, '{"error":"invalid_client"}',
        '{"error":"invalid_grant"}', '{"error":"unauthorized_client"}',
        '{"error":"invalid_client","error_code":"4011"}',
        '{"fault":{"detail":{"errorcode":"invalid_client"}}}',
        '{"errors":[{"code":"X"},{"code":"S1006"}]}' } do
        local problem = failure(status, body)
        assert.equal("auth", problem.kind)
        assert.is_false(problem.retryable)
        assert.matches("client id and secret", problem.message)
      end
    end
  end)

  it("is no refusal without that evidence, and says so", function()
    for _, body in ipairs { "<html>invalid_client</html>", "",
      '{"error":"access_denied"}', '{"errorMessage":"S1006"}',
      '{"error":"temporarily_unavailable"}', '{"error":"slow_down"}' } do
      for _, status in ipairs { 400, 403 } do
        local problem = failure(status, body)
        assert.equal("http", problem.kind)
        assert.is_false(token_response.refused(problem, false))
        assert.matches("does not say that the credentials", problem.message)
        assert.equal(body:find "temp" ~= nil or body:find "slow" ~= nil,
          problem.retryable)
        problem = failure(status, body, false, { { "Retry-After", "9" } })
        assert.equal(9, problem.retry_after)
        assert.is_true(problem.retryable)
      end
    end
  end)

  it("at the refresh endpoint is one by code only", function()
    for _, status in ipairs { 400, 401, 403, 500 } do
      assert.equal("http", failure(status, '{"error":"invalid_grant"}',
        true).kind)
      assert.equal("http", failure(status, "", true).kind)
      assert.equal("auth", failure(status, S1006, true).kind)
      assert.equal("auth", failure(status,
        '{"error":"invalid_client","error_code":"4011"}', true).kind)
      assert.is_true(token_response.refused(failure(status, S1006, true),
        true))
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
      local problem = token_response.error(http_response.new({
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
      assert.is_false(token_response.refused(problem, false))
      assert.not_matches("secret", tostring(problem))
    end
  end)
end)
