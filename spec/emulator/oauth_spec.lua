-- emulator/oauth: the endpoints that issue tokens, as Equinix has them.
local worlds = require "spec.support.world"

local FORM = { ["content-type"] = "application/x-www-form-urlencoded" }

describe("POST /oauth2/v1/token", function()
  local world
  before_each(function()
    world = worlds.new()
  end)

  it("returns exactly the documented fields", function()
    local response = world:token()
    assert.equal(200, response.status)
    assert.equal("no-store", response.headers["Cache-Control"])
    response.json.access_token = nil
    assert.same({
      token_timeout = "3600", token_type = "Bearer", user_name = "the-user",
    }, response.json)
  end)

  it("gives a refresh token with the password grant only", function()
    assert.is_nil(world:token().json.refresh_token)
    local body = world:token({ grant_type = "password",
      user_name = "the-user", user_password = "the-password" }).json
    assert.matches("^%w+$", body.refresh_token)
    assert.equal("5184000", body.refresh_token_timeout)
    world:config { refresh_tokens = true }
    assert.is_string(world:token().json.refresh_token)
  end)

  it("takes a missing grant_type for password", function()
    local response = world:token { grant_type = false }
    assert.equal(400, response.status)
    assert.matches("user_name", response.json.errorMessage)
    assert.equal(200, world:token({ grant_type = false,
      user_name = "the-user", user_password = "the-password" }).status)
  end)

  it("takes a form as well as JSON", function()
    world.accounts.client_secret = "a b+c&d=é"
    local response = world:send("POST", "/oauth2/v1/token", {
      headers = { ["content-type"] =
        "application/x-www-form-urlencoded; charset=utf-8" },
      body = "grant_type=client_credentials&client_id=the-app"
        .. "&client_secret=a+b%2Bc%26d%3d%C3%A9",
    })
    assert.equal(200, response.status)
  end)

  it("refuses what it can't read, and counts no attempt", function()
    for _, body in ipairs { "", "nonsense", '"text"', "[" } do
      assert.equal(400, world:send("POST", "/oauth2/v1/token", {
        body = body,
      }).status)
    end
    assert.equal(400, world:token({ grant_type = "implicit" }).status)
    assert.equal(200, world:token().status)
  end)

  it("fails with Equinix's error bodies", function()
    assert.same({
      errorDomain = "apps-fqa",
      errorTitle = "Login Failure",
      errorCode = "S1006",
      developerMessage = "Login Failure, please try again.",
      errorMessage = "Login Failure, please try again.",
    }, world:token({ client_secret = "wrong" }).json)
    world:config { snake_case = true }
    assert.same({
      error_domain = "apps-fqa",
      error_title = "Login Failure",
      error_code = "S1006",
      developer_message = "Login Failure, please try again.",
      error_message = "Login Failure, please try again.",
    }, world:token({ client_secret = "wrong" }).json)
  end)
end)

describe("POST /oauth2/v1/refreshaccesstoken", function()
  it("gives a new access token for a refresh token", function()
    local world = worlds.new { refresh_tokens = true }
    local first = world:token().json
    local second = world:refresh(first.refresh_token).json
    assert.not_equal(first.access_token, second.access_token)
    assert.equal("3600", second.token_timeout)
    assert.equal("Bearer", second.token_type)
  end)

  it("needs a refresh token, not an access token", function()
    local world = worlds.new { refresh_tokens = true }
    local body = world:token().json
    for _, wrong in ipairs { body.access_token, "x", 7, {} } do
      assert.equal("EMU-REFRESH", world:refresh(wrong).json.errorCode)
    end
    assert.equal("EMU-REFRESH", world:refresh(nil).json.errorCode)
  end)
end)

describe("POST /use/token", function()
  local GOOD = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
    .. "&scope=roleassignments:1&subject_token=x&subject_token_type=y"

  it("exchanges a subject token", function()
    local world = worlds.new()
    local body = world:send("POST", "/use/token", {
      headers = FORM, body = GOOD,
    }).json
    assert.equal(3600, body.expires_in)
    assert.equal("urn:ietf:params:oauth:token-type:access_token",
      body.issued_token_type)
    assert.equal(200, world:send("GET", "/fabric/v4/health", {
      token = body.access_token,
    }).status)
  end)

  it("refuses with the errors of RFC 6749", function()
    local world = worlds.new()
    local function error_of(body, headers)
      return world:send("POST", "/use/token", {
        headers = headers or FORM, body = body,
      }).json.error
    end
    assert.equal("invalid_request", error_of(GOOD, {}))
    assert.equal("invalid_request", error_of((GOOD:gsub("=x&", "=&"))))
    assert.equal("unsupported_grant_type", error_of((GOOD:gsub("exch", "x"))))
  end)

  it("answers 409 when a knob says so", function()
    local world = worlds.new()
    world:config { status = 409, times = 1, scope = "/use/" }
    local response = world:send("POST", "/use/token", {
      headers = FORM, body = GOOD,
    })
    assert.equal(409, response.status)
    assert.equal("conflict", response.json.error)
    assert.equal(200, world:send("POST", "/use/token", {
      headers = FORM, body = GOOD,
    }).status)
  end)
end)

describe("GET /oauth2/v1/userinfo", function()
  it("returns a jwt_token for a valid token, and 401 without", function()
    local world = worlds.new()
    assert.equal(401, world:send("GET", "/oauth2/v1/userinfo").status)
    assert.is_string(world:send("GET", "/oauth2/v1/userinfo", {
      token = world:token().json.access_token,
    }).json.jwt_token)
  end)
end)
