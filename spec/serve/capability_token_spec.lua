-- serve --capability: the operations of the token in a user's own file, under
-- its own paths and names, through a real nginx, raw and with handles.
local capability = require "spec.support.capability_parts"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("serve --capability: " .. missing)
  return
end

local JSON = { ["content-type"] = "application/json" }

local PARTS = {
  operations = {
    { name = "issue", method = "POST", path = "/oauth2/v1/token" },
    { name = "renew", method = "POST",
      path = "/oauth2/v1/refreshaccesstoken" },
    { name = "any", method = "POST", path = "/{a}/{b}/{c}" },
    { name = "ports", method = "GET", path = "/fabric/v4/ports" },
  },
  routes = {
    { method = "POST", path = "/my/token", call = "issue" },
    { method = "PUT", path = "/my/token", call = "renew" },
    { method = "POST", path = "/o'clock", call = "issue" },
    { method = "POST", path = "/a'b'/$http_x_secret", call = "issue" },
    { method = "POST", path = "/of/{whom}/token", call = "issue" },
    { method = "POST", path = "/any/{a}/{b}/{c}", call = "any" },
  },
  tools = {
    { name = "my.token", call = "issue" }, { name = "renew", call = "renew" },
    { name = "any", call = "any" }, { name = "ports", call = "ports" },
  },
}

describe("a user's own file with the operations of the token", function()
  local e, path, remove
  setup(function()
    e = emulator.start { plain = true }
    path, remove = capability.file(PARTS)
  end)
  teardown(function()
    e:stop()
    remove()
  end)

  local function start(exposure)
    local s = serve.start(e, { "--no-store", "--capability", path,
      "--token-exposure", exposure })
    finally(function()
      s:stop()
    end)
    return s
  end

  local function send(s, method, params)
    local _, _, object, body = s:send(s.mcp_url, "POST", { headers = JSON,
      body = ('{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}'):format(
        method, params) })
    return object.result, body
  end

  local function call(s, name, arguments)
    return send(s, "tools/call", ('{"name":"%s","arguments":%s}'):format(name,
      arguments))
  end

  local function issued(s)
    local status, _, object = s:rest("POST", "/my/token")
    assert.equal(200, status)
    return object.access_token
  end

  -- All requests to the API that the emulator got.
  local function sent()
    local sum = 0
    for route, count in pairs(e:log().routes) do
      sum = sum + (route:find("_emulator", 1, true) and 0 or count)
    end
    return sum
  end

  it("shows the token where it is raw, one for REST and MCP", function()
    local s = start "raw"
    local token = issued(s)
    assert.equal(token, call(s, "my.token", "{}").structuredContent
      .access_token)
    local status, _, object = s:rest("PUT", "/my/token")
    assert.equal(200, status)
    assert.not_equal(token, object.access_token)
    assert.equal(object.access_token, issued(s))
  end)

  it("keeps it from an agent with handles", function()
    local s = start "handle"
    local texts, tokens = {}, { issued(s) }
    local function said(result, body)
      texts[#texts + 1] = body
      return result
    end
    local names = {}
    for i, tool in ipairs(said(send(s, "tools/list", "{}")).tools) do
      names[i] = tool.name
    end
    assert.same({ "my.token", "renew", "any", "ports", "equinix_request" },
      names)
    said(send(s, "initialize", '{"protocolVersion":"2025-06-18",'
      .. '"capabilities":{},"clientInfo":{"name":"a","version":"1"}}'))
    local first = said(call(s, "my.token", "{}")).structuredContent
    assert.truthy(first.token_handle:find "^eqh_%x+$")
    assert.is_nil(first.access_token)
    local second = said(call(s, "renew", "{}")).structuredContent
    tokens[2] = issued(s)
    assert.not_equal(tokens[1], tokens[2])
    for handle, is_error in pairs { [first.token_handle] = true,
      [second.token_handle] = false } do
      local result = said(call(s, "equinix_request", json.encode {
        token_handle = handle, method = "GET", path = "/fabric/v4/ports" }))
      assert.equal(is_error, result.isError or false)
    end
    assert.is_nil(said(call(s, "ports", "{}")).isError)
    for _, arguments in ipairs { '{"body":{"client_id":"a"}}',
      '{"client_id":"a","client_secret":"b"}' } do
      assert.is_true(said(call(s, "my.token", arguments)).isError)
    end
    local all = table.concat(texts, "\n")
    for _, token in ipairs(tokens) do
      assert.is_nil(all:find(token, 1, true))
    end
  end)

  it("does not call them with its token, whatever a path is made of",
    function()
      local s = start "handle"
      issued(s)
      local before = sent()
      for _, target in ipairs { "oauth2/v1/token", "OAuth2/v1/token",
        "%6fauth2/v1/token", "oauth2;v=1/v1/token", "x/use/token",
        "x/Use;v=1/token;w", "use;v=1/token/x", "use/token/x" } do
        local status, _, object, body = s:rest("POST", "/any/" .. target)
        assert.equal(400, status, target .. body)
        assert.equal("this path is not sent.", object.detail)
      end
      assert.truthy(call(s, "any", '{"a":"oauth2","b":"v1","c":"token"}')
        .content[1].text:find("this path is not sent", 1, true))
      assert.equal(before, sent())
    end)

  it("has a path that is no word of nginx's language", function()
    local s = start "raw"
    for _, target in ipairs { "/o'clock", "/a'b'/$http_x_secret",
      "/of/me/token" } do
      local status, _, _, body = s:rest("POST", target,
        { headers = { ["x-secret"] = "of-the-caller" } })
      assert.equal(200, status, body)
    end
    assert.equal(404, (s:rest("POST", "/a'b'/of-the-caller")))
    issued(s)
    assert.is_truthy(process.eventually(function()
      return s:log():find('"path":"/my/token"', 1, true)
    end))
    assert.is_nil(s:log():find("of-the-caller", 1, true))
  end)
end)
