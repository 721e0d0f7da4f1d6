-- grant: requests with Equinix's field names.
local grant = require "equinix.oauth.grant"
local json = require "equinix.base.json"

local OP = "POST /oauth2/v1/token"

local DEFAULTS = { base_url = "https://api.equinix.com",
  origin = "https://api.equinix.com:443", grant = "client_credentials",
  encoding = "json", client_id = "id", user_agent = "spec",
  connect_timeout = 10, proxy = "http://proxy:1", ca_file = "/ca",
  client_key_password_file = "/words" }

local function config(over)
  return setmetatable(over or {}, { __index = DEFAULTS })
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
    local request, op = grant.refresh(config(), "hunter2", "r-1")
    assert.equal("POST /oauth2/v1/refreshaccesstoken", op)
    assert.equal("https://api.equinix.com/oauth2/v1/refreshaccesstoken",
      request.url)
    assert.same({ client_id = "id", client_secret = "hunter2",
      refresh_token = "r-1" }, json.decode(request.body))
  end)

  it("goes out once, on any connection, and reads 64 KiB", function()
    for _, request in ipairs { (grant.issue(config { identity = "me" }, "s")),
      (grant.refresh(config { identity = "me" }, "s", "r")) } do
      assert.is_true(request.once)
      assert.equal("me", request.account)
      assert.is_nil(request.fresh_connect)
      assert.is_false(request.may_resend)
      assert.equal(65536, request.max_body)
      assert.equal(10, request.connect_timeout)
      assert.equal("http://proxy:1", request.proxy)
      assert.equal("/ca", request.ca_file)
      assert.equal("/words", request.client_key_password_file)
    end
  end)
end)

describe("a token request with a body of a caller's", function()
  it("goes out once, on a connection of its own", function()
    local request = grant.raw(config { identity = "me" }, "/path", "{}")
    assert.is_true(request.once)
    assert.is_true(request.fresh_connect)
    assert.is_nil(request.account)
    assert.is_false(request.may_resend)
  end)
end)

describe("a token request with a traceparent", function()
  local TRACE = "00-" .. ("0a"):rep(16) .. "-" .. ("b1"):rep(8) .. "-01"

  local function traces(traceparent)
    local found = {}
    for _, request in ipairs { (grant.issue(config(), "s", traceparent)),
      (grant.refresh(config(), "s", "r", traceparent)),
      (grant.raw(config(), "/oauth2/v1/token", "{}", traceparent)) } do
      for _, field in ipairs(request.headers) do
        if field[1] == "traceparent" then
          found[#found + 1] = field[2]
        end
      end
    end
    return found
  end

  it("continues the caller's trace", function()
    assert.same({ TRACE, TRACE, TRACE }, traces(TRACE))
  end)

  it("leaves out one that is malformed, or none", function()
    assert.same({}, traces(nil))
    for _, text in ipairs { "", TRACE .. "\r\nX: 1", TRACE:sub(2),
      TRACE .. "-more", TRACE:gsub("a", "g"), "nonsense" } do
      assert.same({}, traces(text))
    end
  end)
end)
