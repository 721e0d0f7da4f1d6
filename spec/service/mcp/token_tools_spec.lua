-- token_tools: the capability's two operations as tools; with the real service
-- and the emulator.
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local mcp = require "spec.support.mcp"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

describe("the token tools", function()
  local e, client, server
  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    client = assert(equinix.new { base_url = e.base_url,
      client_id = e.client_id, client_secret = e.client_secret })
    client:forget()
    server = mcp.new { service = service.new(client), client = client }
  end)
  after_each(function()
    client:close()
  end)
  teardown(function()
    e:stop()
  end)

  local TOKEN = "POST /oauth2/v1/token"

  local function opens(token)
    return e:send("GET", "/fabric/v4/health", {
      headers = { { "Authorization", "Bearer " .. token } },
    }).status == 200
  end

  it("return the server's own token, from the cache", function()
    local token = server:call("getoauth2accesstoken").structuredContent
    assert.is_true(opens(token.access_token))
    assert.equal("Bearer", token.token_type)
    assert.is_string(token.token_timeout)
    for _ = 1, 5 do
      assert.equal(token.access_token, server:call("getoauth2accesstoken",
        {}).structuredContent.access_token)
    end
    assert.equal(1, e:count(TOKEN))
  end)

  it("renew it", function()
    local first = server:call("getoauth2accesstoken").structuredContent
    local second = server:call("refreshoauth2accesstoken").structuredContent
    assert.not_equal(first.access_token, second.access_token)
    assert.is_true(opens(second.access_token))
  end)

  it("send the caller's own credentials unchanged", function()
    local arguments = { grant_type = "password", client_id = e.client_id,
      client_secret = e.client_secret, user_name = e.user_name,
      user_password = e.user_password }
    local token = server:call("getoauth2accesstoken",
      arguments).structuredContent
    assert.is_true(opens(token.access_token))
    assert.is_string(token.refresh_token)
    local renewed = server:call("refreshoauth2accesstoken", {
      client_id = e.client_id, client_secret = e.client_secret,
      refresh_token = token.refresh_token }).structuredContent
    assert.is_true(opens(renewed.access_token))
  end)

  it("report that credentials were refused, without a secret",
    function()
      local result, words = server:call("getoauth2accesstoken", {
        grant_type = "client_credentials", client_id = "someone",
        client_secret = "a-wrong-secret" })
      assert.is_true(result.isError)
      assert.matches("S1006", words)
      assert.is_nil(words:find("a-wrong-secret", 1, true))
    end)

  it("do not redeem a refresh token that was found somewhere", function()
    local result, words = server:call("refreshoauth2accesstoken",
      { refresh_token = "found-somewhere" })
    assert.is_true(result.isError)
    assert.matches("not the current one", words)
    assert.equal(0, e:count "POST /oauth2/v1/refreshaccesstoken")
  end)

  it("report that Equinix failed", function()
    e:config { status = 503, times = 1 }
    local result, words = server:call "getoauth2accesstoken"
    assert.is_true(result.isError)
    assert.matches("503", words)
  end)
end)

describe("a refusal of Equinix that repeats what was sent", function()
  it("is shown without the secrets in it", function()
    local server = mcp.new { response = { status = 400,
      body = '{"errorCode":"E1","errorMessage":"no s3cret, pa55, r3fresh"}' } }
    local _, words = server:call("getoauth2accesstoken", { client_id = "id",
      client_secret = "s3cret", user_password = "pa55" })
    assert.matches("E1: no %[redacted%], %[redacted%], r3fresh", words)
    _, words = server:call("refreshoauth2accesstoken", { client_id = "id",
      refresh_token = "r3fresh" })
    assert.matches("E1: no s3cret, pa55, %[redacted%]", words)
  end)
end)

describe("a response of Equinix", function()
  local function call(body)
    return mcp.new { response = { body = body } }:call "getoauth2accesstoken"
  end

  it("is passed on unchanged if it fits its schema", function()
    local _, text = call '{"access_token":"t","token_timeout":3600.0,"x":[]}'
    assert.equal('{"access_token":"t","token_timeout":3600.0,"x":[]}', text)
  end)

  it("is passed on without the members that do not fit", function()
    local result = call '{"access_token":"t","user_name":null,"a":1}'
    assert.same({ access_token = "t", a = 1 }, result.structuredContent)
  end)

  it("without a token is a failure", function()
    for _, body in ipairs { "{}", '{"access_token":null}', "[]", "", "null",
      '{"access_token":7}', "<html>", '{"access_token":"t"' } do
      assert.is_true(call(body).isError, body)
    end
  end)

  it("is requested with the arguments as they came", function()
    local server = mcp.new()
    local text = '{ "client_id" : "a\\u0062", "client_secret":"s" }'
    server:line('{"jsonrpc":"2.0","id":1,"method":"tools/call",'
      .. '"params":{"name":"getoauth2accesstoken","arguments":' .. text
      .. "}}")
    local asked = server.service.asked[1]
    assert.equal("getoauth2accesstoken", asked.name)
    assert.equal(text, asked.text)
    assert.same({ client_id = "ab", client_secret = "s" }, asked.fields)
  end)
end)

describe("a token of the service itself", function()
  it("is a failure if a name in it is not UTF-8", function()
    local function call(name)
      local client = scripted.client { scripted.token("one",
        { user_name = name }) }
      return mcp.new { service = service.new(client), client = client }
        :call "getoauth2accesstoken"
    end
    assert.equal("caf\195\169", call "caf\195\169".structuredContent
      .user_name)
    local result, text = call "caf\233"
    assert.is_true(result.isError)
    assert.matches("contains no token", text)
  end)
end)
