-- protocol_2026: MCP 2026-07-28.
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"

local VERSION = "io.modelcontextprotocol/protocolVersion"
local CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"

describe("MCP 2026-07-28", function()
  local server
  before_each(function()
    server = mcp.new()
  end)

  local function ask(method, params, headers)
    return server:post(mcp.message(method, mcp.params_2026(params)),
      headers or mcp.headers_2026(method, params and params.name))
  end

  local function refused(status, code, response, body)
    assert.equal(status, response.status, response.body)
    assert.equal(code, body.error.code, response.body)
    assert.equal(1, body.id)
  end

  it("discovers version, capabilities and instructions", function()
    local response, body = ask "server/discover"
    assert.equal(200, response.status)
    assert.same({ "2026-07-28" }, body.result.supportedVersions)
    assert.truthy(response.body:find('"capabilities":{"tools":{}}', 1, true))
    assert.equal(require("equinix.oauth.operations").instructions,
      body.result.instructions)
  end)

  it("marks every result as complete, and names the server", function()
    for _, call in ipairs { { "server/discover" }, { "tools/list" },
      { "tools/call", { name = "getoauth2accesstoken" } } } do
      local _, body = ask(call[1], call[2])
      assert.equal("complete", body.result.resultType)
      assert.same({ name = "equinix-mcp",
        version = mcp.VERSION,
        title = "Equinix API Authentication" },
        body.result._meta["io.modelcontextprotocol/serverInfo"])
    end
  end)

  it("says how long its lists may be cached", function()
    for _, method in ipairs { "server/discover", "tools/list" } do
      local _, body = ask(method)
      assert.is_true(body.result.ttlMs > 0)
      assert.equal(0, body.result.ttlMs % 1)
      assert.equal("public", body.result.cacheScope)
    end
    local _, body = ask("tools/call", { name = "getoauth2accesstoken" })
    assert.is_nil(body.result.ttlMs)
  end)

  it("calls tools", function()
    local _, body = ask("tools/call", { name = "getoauth2accesstoken",
      arguments = {} })
    assert.equal("the-access-token",
      body.result.structuredContent.access_token)
  end)

  it("has no method of older versions: 404", function()
    for _, method in ipairs { "initialize", "ping", "resources/list",
      "logging/setLevel", "no/such", "" } do
      refused(404, -32601, ask(method))
    end
  end)

  it("needs a version and the client's capabilities in _meta: 400",
    function()
      for _, meta in ipairs { "{}", '{"' .. CAPABILITIES .. '":{}}',
        '{"' .. VERSION .. '":"2026-07-28"}',
        '{"' .. VERSION .. '":1,"' .. CAPABILITIES .. '":{}}',
        '{"' .. VERSION .. '":null,"' .. CAPABILITIES .. '":{}}',
        '{"' .. VERSION .. '":"2026-07-28","' .. CAPABILITIES .. '":[]}',
        '{"' .. VERSION .. '":"2026-07-28","' .. CAPABILITIES .. '":null}',
        '"x"', "[]", "null" } do
        refused(400, -32602, server:post('{"jsonrpc":"2.0","id":1,'
          .. '"method":"tools/list","params":{"_meta":' .. meta .. "}}",
          mcp.headers_2026 "tools/list"))
      end
      refused(400, -32602, server:post(mcp.message "tools/list",
        mcp.headers_2026 "tools/list"))
    end)

  it("owns server/discover, whatever the message says", function()
    refused(400, -32602, server:post(mcp.message "server/discover"))
    assert.equal(-32602, (server:code(mcp.message "server/discover")))
  end)

  it("refuses headers that are missing or differ: 400", function()
    local good = mcp.headers_2026("tools/call", "getoauth2accesstoken")
    local call = { name = "getoauth2accesstoken" }
    assert.equal(200, ask("tools/call", call, good).status)
    for name, values in pairs {
      ["mcp-protocol-version"] = { false, "2025-11-25", "2026-07-29", "" },
      ["mcp-method"] = { false, "tools/list", "TOOLS/CALL", "" },
      ["mcp-name"] = { false, "refreshoauth2accesstoken", "", "=?base64?",
        "=?base64?eA==?=", "=?base64?!!!!?=", "=?base64?Z2V0b2F1dGgyYWNjZ"
        .. "XNzdG9rZW4?=", "=?base64?Z2V0b2F1dGgyYWNjZXNzdG9rZW5=?=" },
    } do
      for _, value in ipairs(values) do
        refused(400, -32020, ask("tools/call", call,
          mcp.headers_2026("tools/call", "getoauth2accesstoken",
            { [name] = value })))
      end
    end
  end)

  it("requires Mcp-Name for tools/call only", function()
    assert.equal(200, ask("tools/list", nil,
      mcp.headers_2026 "tools/list").status)
  end)

  it("reads a header in Base64, and without the space around it", function()
    for _, name in ipairs { "=?base64?Z2V0b2F1dGgyYWNjZXNzdG9rZW4=?=",
      " \tgetoauth2accesstoken ", " =?base64?Z2V0b2F1dGgyYWNjZXNzdG9rZW4=?="
      } do
      assert.equal(200, ask("tools/call", { name = "getoauth2accesstoken" },
        mcp.headers_2026("tools/call", name)).status, name)
    end
  end)

  it("compares names beyond ASCII too", function()
    refused(200, -32602, ask("tools/call", { name = "é€" },
      mcp.headers_2026("tools/call", "=?base64?w6nigqw=?=")))
  end)

  it("refuses other versions, and names only its own",
    function()
      for _, version in ipairs { "2027-01-01", "2025-11-25", "x", "" } do
        local meta = { [VERSION] = version, [CAPABILITIES] = {} }
        local response, body = server:post(mcp.message("tools/list",
          { _meta = meta }), mcp.headers_2026("tools/list", nil,
          { ["mcp-protocol-version"] = version }))
        refused(400, -32022, response, body)
        assert.same({ supported = { "2026-07-28" }, requested = version },
          body.error.data)
      end
    end)

  it("checks _meta first, then headers, then the version, then the method",
    function()
      local other = { [VERSION] = "2027-01-01", [CAPABILITIES] = {} }
      local function send(meta, headers)
        return server:post(mcp.message("no/such", { _meta = meta }), headers)
      end
      refused(400, -32602, send({ [VERSION] = "2027-01-01" },
        mcp.headers {}))
      refused(400, -32020, send(other, mcp.headers {}))
      refused(400, -32022, send(other, mcp.headers_2026("no/such", nil,
        { ["mcp-protocol-version"] = "2027-01-01" })))
      refused(404, -32601, send(mcp.META, mcp.headers_2026 "no/such"))
    end)

  it("needs no headers on stdio", function()
    local body = json.decode(server:line(mcp.message("tools/call",
      mcp.params_2026 { name = "getoauth2accesstoken" })))
    assert.equal("complete", body.result.resultType)
  end)

  it("passes a valid traceparent on", function()
    local good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    local function passed(value)
      ask("tools/call", { name = "getoauth2accesstoken", _meta = {
        [VERSION] = "2026-07-28", [CAPABILITIES] = {}, traceparent = value,
      } })
      return server.service.asked[#server.service.asked].context.traceparent
    end
    assert.equal(good, passed(good))
    for _, value in ipairs { "x", good .. "\r\nX: y", good:upper(), 1,
      good .. "0", "" } do
      assert.is_nil(passed(value))
    end
  end)

  it("answers unknown tools and bad cursors with 200", function()
    refused(200, -32602, ask("tools/call", { name = "no" }))
    refused(200, -32602, ask("tools/list", { cursor = "x" }))
  end)
end)
