-- request_tool: the tool equinix_request.
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"
local old_token = require "spec.support.old_token"
local scripted = require "spec.support.scripted"
local token_handle = require "equinix.service.token_handle"

local TOKEN = "the/access+token=0123456789"

-- A server in front of a client with scripted responses; the token comes
-- first.
local function serve(responses, options)
  table.insert(responses, 1, scripted.token(TOKEN))
  local client, transport = scripted.client(responses)
  local all = { client = client, exposure = "handle" }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  local server = mcp.new(all)
  server.transport, server.client = transport, client
  return server
end

local function call(server, changes)
  local arguments = { method = "GET", path = "/fabric/v4/ports",
    token_handle = token_handle.issue(TOKEN) }
  for name, value in pairs(changes or {}) do
    arguments[name] = value or nil
  end
  return server:call("equinix_request", arguments)
end

local function last(server)
  return server.transport.sent[#server.transport.sent].request
end

describe("equinix_request", function()
  it("calls the API with the token, and returns status and body", function()
    local server = serve { scripted.json(200, { data = { { name = "p" } } }) }
    local result, text = call(server, { query = { limit = 10, a = { "x y",
      true } } })
    assert.is_nil(result.isError, text)
    assert.equal(200, result.structuredContent.status)
    assert.equal("p", result.structuredContent.body.data[1].name)
    assert.same(result.structuredContent, json.decode(text))
    assert.equal("Bearer " .. TOKEN, server.transport.sent[2].authorization)
    assert.matches("/fabric/v4/ports%?a=x%%20y&a=true&limit=10$",
      last(server).url)
  end)

  it("returns JSON as it came, and anything else as a text", function()
    local body = '{"n":9007199254740993,"f":1.0,"e":[],"o":{}}'
    local server = serve { scripted.json(200, body) }
    local _, text = call(server)
    assert.equal('{"body":' .. body .. ',"status":200}', text)
    for given, shown in pairs { ["<html>"] = '"<html>"', [""] = '""',
      ['{"a":1,"a":2}'] = '"{\\"a\\":1,\\"a\\":2}"' } do
      local result
      result, text = call(serve { scripted.json(200, given) })
      assert.is_nil(result.isError)
      assert.equal('{"body":' .. shown .. ',"status":200}', text)
    end
    local result = call(serve { scripted.json(200, "\255\254") })
    assert.matches("neither JSON nor a text", result.structuredContent.body)
  end)

  it("sends nothing without a handle of the current token", function()
    local server = serve { scripted.json(200, {}) }
    for _, text in ipairs { "", "eqh_00", TOKEN, "Bearer " .. TOKEN,
      token_handle.issue "another-token",
      token_handle.issue(TOKEN):upper() } do
      local result, words = call(server, { token_handle = text })
      assert.is_true(result.isError)
      assert.matches("call getoauth2accesstoken", words)
    end
    assert.is_true(call(server, { token_handle = false }).isError)
    assert.is_true(call(server, { token_handle = 1 }).isError)
    assert.equal(0, server.transport.count "/fabric/")
  end)

  it("refuses a handle after its token was renewed", function()
    local server = serve { scripted.token "the-next-token",
      scripted.json(200, {}) }
    assert(server.client:token())
    assert(server.client:refresh())
    assert.is_true(call(server).isError)
    assert.is_nil(call(server, {
      token_handle = token_handle.issue "the-next-token" }).isError)
  end)

  it("sends nothing that is not allowed, not even a token request",
    function()
      local server = serve { scripted.json(200, {}) }
      for _, changes in ipairs { { method = "POST" }, { method = "get" },
        { path = "/oauth2/v1/token" }, { path = "/fabric/../oauth2/x" },
        { path = "https://evil.example/fabric/" }, { path = "" },
        { path = "/fabric/v4/ports?x=1" }, { path = "//evil/fabric/" } } do
        local result, words = call(server, changes)
        assert.is_true(result.isError)
        assert.matches("not allowed.*GET /fabric/", words)
      end
      assert.equal(0, #server.transport.sent)
    end)

  it("refuses a body with GET, and an invalid query", function()
    local server = serve { scripted.json(200, {}) }
    for _, changes in ipairs { { body = { a = 1 } }, { query = "a=1" },
      { query = { a = { b = 1 } } }, { query = { a = json.null } },
      { query = { a = { { 1 } } } }, { other = 1 }, { path = 1 } } do
      assert.is_true(call(server, changes).isError)
    end
    assert.equal(0, #server.transport.sent)
    assert.is_nil(call(server, { query = json.null }).isError)
  end)

  it("sends a query as it was written, numbers with all their digits",
    function()
      local server = serve { scripted.json(200, {}) }
      server:line('{"jsonrpc":"2.0","id":1,"method":"tools/call",'
        .. '"params":{"name":"equinix_request","arguments":{"method":"GET",'
        .. '"path":"/fabric/v4/ports","token_handle":"'
        .. token_handle.issue(TOKEN) .. '","query":{ "id" : [9007199254740993,'
        .. ' 1.50], "e":[], "f":false, "s":"\\u00e9&\\"" }}}}')
      assert.matches("/fabric/v4/ports?f=false&id=9007199254740993&id=1.50"
        .. "&s=%C3%A9%26%22", last(server).url, 1, true)
    end)

  it("neither builds nor sends a URL that is too long", function()
    local server = serve { scripted.json(200, {}) }
    local many = {}
    for i = 1, 1000 do
      many[i] = i
    end
    for _, changes in ipairs { { query = { a = ("x"):rep(8192) } },
      { query = { a = ("&"):rep(4000) } }, { query = { a = many,
        [("n"):rep(3000)] = many } }, { query = { [("n"):rep(500000)] = many,
        a = ("x"):rep(400000) } },
      { path = "/fabric/" .. ("x"):rep(8192) },
      { path = "/fabric/" .. ("x"):rep(5000), query = { a = ("x")
        :rep(5000) } } } do
      local result, words = call(server, changes)
      assert.is_true(result.isError)
      assert.matches("path and query are longer than 8000 bytes", words)
      assert.is_true(#words < 300)
    end
    assert.equal(0, #server.transport.sent)
    assert.is_nil(call(server, { query = { a = ("x"):rep(7900) } }).isError)
  end)

  it("sends what is allowed in addition, with the body as it came",
    function()
      local server = serve({ scripted.json(200, {}) },
        { allow = { "POST /fabric/v4/ports/search" } })
      local text = '{ "n" : 9007199254740993, "e":[] }'
      server:line('{"jsonrpc":"2.0","id":1,"method":"tools/call",'
        .. '"params":{"name":"equinix_request","arguments":{"method":"POST",'
        .. '"path":"/fabric/v4/ports/search","token_handle":"'
        .. token_handle.issue(TOKEN) .. '","body":' .. text .. "}}}")
      assert.equal("POST", last(server).method)
      assert.equal(text, last(server).body)
    end)

  -- What is seen, and by which servers, is in echo_tool_spec and echo_spec.
  it("passes no response on that repeats the token, in any spelling",
    function()
      for _, spelled in ipairs { TOKEN, "the%2Faccess%2Btoken%3D0123456789",
        "the\\/access+token=0123456789",
        "the/access+token\\u003d0123456789",
        "the%252Faccess%252Btoken=0123456789",
        "the\\\\/access+token\\\\u003d0123456789",
        "eDp0aGUvYWNjZXNzK3Rva2VuPTAxMjM0NTY3ODk=" } do
        for _, response in ipairs {
          scripted.json(200, '{"a":"x' .. spelled .. 'y"}'),
          scripted.json(200, "text " .. spelled),
          scripted.json(404, '[{"errorCode":"EQ-1","errorMessage":"no '
            .. spelled .. '"}]') } do
          local server = serve { response }
          local result, words = call(server)
          assert.is_true(result.isError, spelled)
          assert.matches("not passed on", words)
          assert.is_nil(words:find("0123456789", 1, true))
        end
      end
    end)

  it("leaves the escapes of other responses unchanged, in little time",
    function()
      local text = '{"a\\u003d":"%41\\/\\u0041\\\\u0041"}'
      local result, shown = call(serve { scripted.json(200, text) })
      assert.is_nil(result.isError)
      assert.equal('{"body":' .. text .. ',"status":200}', shown)
      for _, piece in ipairs { "\\\\", "%", "%25", "t", "the/" } do
        local long = piece:rep(math.floor(1000000 / #piece))
        result = call(serve { scripted.json(200, '"' .. long .. '"') })
        assert.is_nil(result.isError)
        assert.equal(#long:gsub("\\\\", "\\"),
          #result.structuredContent.body)
      end
    end)

  it("sees a token that was renewed meanwhile", function()
    local NEXT = "the-next-access-token"
    for _, echo in ipairs { NEXT, TOKEN } do
      local server = serve { scripted.json(401, {}), scripted.token(NEXT),
        scripted.json(200, { echo = "Bearer " .. echo }) }
      old_token(server.client)
      local result, words = call(server)
      assert.is_true(result.isError)
      assert.matches("not passed on", words)
    end
  end)

  it("sends nothing to the target of a redirect that is not allowed",
    function()
      for _, location in ipairs { "/oauth2/v1/userinfo", "/", "/fabric",
        "/fabric/%2e%2e/oauth2/x", "../oauth2/v1/userinfo" } do
        local server = serve {
          scripted.json(302, {}, { Location = location }),
          scripted.json(200, { jwt_token = "s3cret" }) }
        local result, words = call(server, { path = "/fabric/x" })
        assert.is_true(result.isError)
        assert.matches("redirect, and it was not followed.*allowed path",
          words)
        assert.equal(2, #server.transport.sent) -- the token, the call
      end
    end)

  it("follows a redirect to an allowed path only", function()
    local server = serve {
      scripted.json(302, {}, { Location = "/ne/v1/x?a=/oauth2/" }),
      scripted.json(200, {}) }
    assert.is_nil(call(server).isError)
    server = serve { scripted.json(302, {}, { Location = "/ne/v1/x" }),
      scripted.json(302, {}, { Location = "/use/token" }),
      scripted.json(200, {}) }
    assert.is_true(call(server).isError)
    assert.equal(0, server.transport.count "/use/")
  end)

  it("reports a redirect to another host", function()
    local result, words = call(serve {
      scripted.json(302, {}, { Location = "https://evil.example/fabric/" }) })
    assert.is_true(result.isError)
    assert.matches("not followed.*within its host", words)
  end)

  it("distinguishes a response to the call from one to the credentials",
    function()
      local function words(...)
        local server = serve { ... }
        old_token(server.client)
        local result, text = call(server)
        assert.is_true(result.isError)
        return text
      end
      for _, status in ipairs { 400, 401, 403, 404 } do
        assert.not_matches("credentials", words(scripted.json(status, {}),
          scripted.token(TOKEN), scripted.json(status, {})))
      end
      assert.matches("S1006.* to the credentials of the service",
        words(scripted.json(401, {}), scripted.refused()))
      -- Nor where the token is too young to be renewed for one path's 401.
      local server = serve { scripted.json(401, {}) }
      for _ = 1, 10 do
        assert.not_matches("credentials", (select(2, call(server))))
      end
      assert.equal(1, server.transport.count "/oauth2/")
    end)

  it("reports Equinix's errors, and returns no more than 1 MiB",
    function()
      local result, words = call(serve { scripted.json(404, { {
        errorCode = "EQ-3045811", errorMessage = "No such port" } }) })
      assert.is_true(result.isError)
      assert.matches("404.*EQ%-3045811: No such port", words)
      result, words = call(serve { scripted.json(200, '"'
        .. ("x"):rep(1024 * 1024) .. '"') })
      assert.is_true(result.isError)
      assert.matches("request less", words)
    end)

  it("passes traceparent on", function()
    local trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    local server = serve { scripted.json(200, {}) }
    server:result("tools/call", { name = "equinix_request",
      _meta = { traceparent = trace }, arguments = { method = "GET",
        path = "/fabric/v4/ports",
        token_handle = token_handle.issue(TOKEN) } })
    local found
    for _, header in ipairs(last(server).headers) do
      found = header[1] == "traceparent" and header[2] or found
    end
    assert.equal(trace, found)
  end)

  it("has hints that say whether it only reads", function()
    local function hints(options)
      return serve({}, options):result "tools/list".tools[3].annotations
    end
    assert.same({ readOnlyHint = true, destructiveHint = false,
      idempotentHint = true }, hints())
    assert.same({ readOnlyHint = false, destructiveHint = true,
      idempotentHint = false }, hints { allow = { "DELETE /fabric/" } })
  end)
end)
