-- own_request: what is said about a request that is not understood. What the
-- service does with it is in spec/serve/own_request_spec.
local json = require "equinix.base.json"
local operations = require("equinix.oauth.operations").operations
local own_request = require "equinix.service.own_request"

local GET, REFRESH = operations[1], operations[2]

describe("a body without credentials", function()
  it("may be empty, or say what is meant anyway", function()
    assert.is_nil(own_request.complaint(GET, {}))
    assert.is_nil(own_request.complaint(GET,
      { grant_type = "client_credentials" }))
    assert.is_nil(own_request.complaint(GET, { anything = json.null }))
    assert.is_nil(own_request.complaint(REFRESH, { refresh_token = "r" }))
  end)

  it("is complained about by names, in order, with the likely ones",
    function()
      assert.matches("^Not understood: apiKey, clientId %(did you mean "
        .. "client_id%?%)%. Credentials are", own_request.complaint(GET,
          { clientId = "v", apiKey = "v" }))
    end)

  it("has no name shown that may be a value, nor any number of them",
    function()
      local fields = { ["a b"] = 1, [("x"):rep(65)] = 1, ["\n"] = 1,
        [1] = 1 }
      local message = own_request.complaint(GET, fields)
      assert.matches("a member of another name", message)
      assert.is_nil(message:find("a b", 1, true))
      assert.is_nil(message:find("xxx", 1, true))
      for i = 1, 4000 do
        fields["zz" .. i] = 1
      end
      assert.is_true(#own_request.complaint(GET, fields) < 600)
    end)

  it("needs credentials for a grant of other ones", function()
    for _, value in ipairs { "password", "", 1, true, {} } do
      assert.matches("grant_type other than client_credentials",
        own_request.complaint(GET, { grant_type = value }))
    end
    assert.matches("grant_type", own_request.complaint(REFRESH,
      { grant_type = "refresh_token" }))
  end)

  it("has each name once", function()
    local text = '{"client_id":"a","client_id":null}'
    assert.matches("duplicate name", own_request.complaint(GET,
      json.decode(text), text))
  end)
end)

describe("the rest of a request", function()
  local function complaint(authorization, query)
    return own_request.http_complaint { query = query,
      headers = { authorization = authorization } }
  end

  it("may have a Bearer, which is the auth token", function()
    for _, value in ipairs { false, "", "Bearer x", "bearer x" } do
      assert.is_nil(complaint(value or nil))
    end
  end)

  it("is complained about by its scheme, if that is one", function()
    assert.matches("Authorization: Basic", complaint "basic bXk6c2VjcmV0")
    assert.matches("Authorization: Digest", complaint "Digest a=b")
    local message = complaint "c2VjcmV0"
    assert.matches("Not understood: Authorization%.", message)
    assert.is_nil(message:find "c2VjcmV0")
  end)

  it("has no query; its names are shown, its values are not", function()
    local message = complaint(nil, "client_secret=hidden&b=hidden&%41=hidden")
    assert.matches("the query %(b, client_secret%)", message)
    assert.is_nil(message:find("hidden", 1, true))
    assert.matches("the query;", complaint(nil, "&&=x&hidden"))
  end)
end)
