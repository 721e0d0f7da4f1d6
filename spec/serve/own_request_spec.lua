-- serve: credentials that are not understood never lead to the service's own
-- token; over REST and MCP, through a real nginx and the emulator.
local emulator = require "spec.support.emulator"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("equinix-auth serve: " .. missing)
  return
end

local TOKEN, REFRESH = "/oauth2/v1/token", "/oauth2/v1/refreshaccesstoken"
local JSON = { ["content-type"] = "application/json" }
local BASIC = "Basic bXktYXBwOm15LXNlY3JldA=="

describe("credentials that are not understood", function()
  local e, s
  setup(function()
    e = emulator.start { plain = true }
    s = serve.start(e, { "--no-store" })
    -- Answered before, so that a cached answer is there to be found.
    for _ = 1, 3 do
      s:token()
    end
  end)
  teardown(function()
    s:stop()
    e:stop()
  end)

  local function refused(method, path, options, named)
    local status, headers, object, text = s:rest(method, path, options)
    assert.equal(400, status, path .. " " .. text)
    assert.equal("application/problem+json", headers["content-type"])
    assert.is_nil(object.access_token)
    assert.is_truthy(object.detail:find(named, 1, true), object.detail)
    return text
  end

  it("in the Authorization header are refused, each time", function()
    for _, path in ipairs { TOKEN, REFRESH } do
      for _ = 1, 4 do
        local text = refused("POST", path,
          { headers = { authorization = BASIC } }, "Authorization: Basic")
        assert.is_nil(text:find("bXktYXBw", 1, true))
      end
    end
    refused("POST", TOKEN, { headers = { authorization = "my-secret" } },
      "Authorization")
    assert.equal(200, (s:rest("POST", TOKEN)))
    assert.equal(200, (s:rest("POST", TOKEN,
      { headers = { authorization = "Bearer left-over" } })))
  end)

  it("in the query are refused, and named", function()
    local text = refused("POST", TOKEN
      .. "?client_id=my-app&client_secret=my-secret", nil, "client_id")
    assert.is_nil(text:find("my-", 1, true))
    refused("POST", REFRESH .. "?refresh_token=r", nil, "refresh_token")
    refused("POST", TOKEN .. "?Zm9v!=1", nil, "query")
    assert.equal(200, (s:rest("POST", TOKEN .. "?")))
  end)

  it("under another name are refused, and named", function()
    for body, named in pairs {
      ['{"clientId":"my-app"}'] = "clientId",
      ['{"username":"my-user","password":"my-word"}'] = "password",
      ['{"grant_type":"password"}'] = "grant_type",
      ['{"grant_type":"authorization_code"}'] = "grant_type",
      ['{"grant_type":7}'] = "grant_type",
      ['{"password_encoding":"none"}'] = "password_encoding",
      ['{"client_id":"my-app","client_id":null}'] = "duplicate name",
    } do
      local text = refused("POST", TOKEN, { headers = JSON, body = body },
        named)
      assert.is_nil(text:find("my-", 1, true))
    end
    refused("POST", REFRESH, { headers = JSON,
      body = '{"clientSecret":"my-secret"}' }, "clientSecret")
    for _, body in ipairs { "{}", '{"grant_type":"client_credentials"}',
      '{"client_id":null,"clientId":null}' } do
      assert.equal(200, (s:rest("POST", TOKEN, { headers = JSON,
        body = body })), body)
    end
  end)

  local function mcp(params, options)
    options = options or {}
    local headers = { ["content-type"] = "application/json",
      authorization = options.authorization }
    return s:send(s.mcp_url .. (options.query or ""), "POST", {
      headers = headers,
      body = ('{"jsonrpc":"2.0","id":1,"method":"%s"%s}'):format(
        options.method or "tools/call", params),
    })
  end

  it("get no token over MCP either", function()
    local call = ',"params":{"name":"getoauth2accesstoken","arguments":%s}'
    for arguments, named in pairs {
      ['{"grant_type":"password"}'] = "grant_type",
      ['{"clientId":"my-app"}'] = "clientId",
      ['{"password_encoding":"none"}'] = "password_encoding",
    } do
      local status, _, object = mcp(call:format(arguments))
      assert.equal(200, status)
      assert.is_true(object.result.isError)
      assert.is_nil(object.result.structuredContent)
      assert.is_truthy(object.result.content[1].text:find(named, 1, true))
    end
    for named, options in pairs {
      ["Authorization: Basic"] = { authorization = BASIC },
      client_id = { query = "?client_id=my-app" },
    } do
      local status, _, object, text = mcp(call:format "{}", options)
      assert.equal(400, status, text)
      assert.is_truthy(object.error.message:find(named, 1, true), text)
      assert.is_nil(text:find("my-app", 1, true))
    end
  end)

  it("are not seen in params or arguments that are null", function()
    for _, params in ipairs { "", ',"params":null', ',"params":{}',
      ',"params":{"cursor":null,"_meta":null}' } do
      local status, _, object, text = mcp(params, { method = "tools/list" })
      assert.equal(200, status)
      assert.is_table(object.result and object.result.tools, text)
    end
    for _, more in ipairs { "", ',"arguments":null', ',"arguments":{}' } do
      local _, _, object, text = mcp(
        ',"params":{"name":"getoauth2accesstoken"' .. more .. "}")
      assert.is_string(object.result and object.result.structuredContent
        .access_token, text)
    end
  end)
end)
