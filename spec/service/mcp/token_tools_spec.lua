-- adapter/mcp/operations: the capability's two operations as tools; against
-- the real service and the emulator.
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local mcp = require "spec.support.mcp"
local service = require "equinix.service.token_service"

describe("the tools of the operations", function()
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

  it("give the server's own token, from the cache", function()
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

  it("send credentials of the caller's own as they are", function()
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

  it("say in words that credentials were refused, without a secret",
    function()
      local result, words = server:call("getoauth2accesstoken", {
        grant_type = "client_credentials", client_id = "someone",
        client_secret = "a-wrong-secret" })
      assert.is_true(result.isError)
      assert.matches("S1006", words)
      assert.is_nil(words:find("a-wrong-secret", 1, true))
    end)

  it("trade in no refresh token that was found somewhere", function()
    local result, words = server:call("refreshoauth2accesstoken",
      { refresh_token = "found-somewhere" })
    assert.is_true(result.isError)
    assert.matches("not the current one", words)
    assert.equal(0, e:count "POST /oauth2/v1/refreshaccesstoken")
  end)

  it("say in words that Equinix failed", function()
    e:config { status = 503, times = 1 }
    local result, words = server:call "getoauth2accesstoken"
    assert.is_true(result.isError)
    assert.matches("503", words)
  end)
end)

describe("a refusal of Equinix that quotes what was sent", function()
  it("comes without the secrets in it", function()
    local server = mcp.new { answer = { status = 400,
      body = '{"errorCode":"E1","errorMessage":"no s3cret, pa55, r3fresh"}' } }
    local _, words = server:call("getoauth2accesstoken", { client_id = "id",
      client_secret = "s3cret", user_password = "pa55" })
    assert.matches("E1: no %[redacted%], %[redacted%], r3fresh", words)
    _, words = server:call("refreshoauth2accesstoken", { client_id = "id",
      refresh_token = "r3fresh" })
    assert.matches("E1: no s3cret, pa55, %[redacted%]", words)
  end)
end)

describe("an answer of Equinix", function()
  local function call(body)
    return mcp.new { answer = { body = body } }:call "getoauth2accesstoken"
  end

  it("goes out as it is, where it is as promised", function()
    local _, text = call '{"access_token":"t","token_timeout":3600.0,"x":[]}'
    assert.equal('{"access_token":"t","token_timeout":3600.0,"x":[]}', text)
  end)

  it("goes out without what is not as promised", function()
    local result = call '{"access_token":"t","user_name":null,"a":1}'
    assert.same({ access_token = "t", a = 1 }, result.structuredContent)
  end)

  it("without a token is a failure", function()
    for _, body in ipairs { "{}", '{"access_token":null}', "[]", "", "null",
      '{"access_token":7}', "<html>", '{"access_token":"t"' } do
      assert.is_true(call(body).isError, body)
    end
  end)

  it("is asked for with the arguments as they came", function()
    local server = mcp.new()
    local text = '{ "client_id" : "a\\u0062", "client_secret":"s" }'
    server.adapter:line('{"jsonrpc":"2.0","id":1,"method":"tools/call",'
      .. '"params":{"name":"getoauth2accesstoken","arguments":' .. text
      .. "}}")
    local asked = server.service.asked[1]
    assert.equal("getoauth2accesstoken", asked.name)
    assert.equal(text, asked.text)
    assert.same({ client_id = "ab", client_secret = "s" }, asked.fields)
  end)
end)
