-- protocol_2025: MCP's versions before 2026-07-28.
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"

local VERSIONS = { "2025-11-25", "2025-06-18", "2025-03-26" }

describe("MCP before 2026-07-28", function()
  local server
  before_each(function()
    server = mcp.new()
  end)

  local function agreed_on(version)
    return server:result("initialize",
      { protocolVersion = version }).protocolVersion
  end

  it("agrees on every version that it supports, on stdio an older one too",
    function()
      for _, version in ipairs(VERSIONS) do
        assert.equal(version, agreed_on(version))
      end
      assert.equal("2024-11-05", agreed_on "2024-11-05")
    end)

  it("offers its latest version instead of an unknown one", function()
    for _, version in ipairs { "2099-01-01", "2026-07-28", "1.0", "" } do
      assert.equal("2025-11-25", agreed_on(version))
    end
  end)

  it("does not offer 2024-11-05 over HTTP", function()
    local response, body = server:post(mcp.message("initialize",
      { protocolVersion = "2024-11-05" }))
    assert.equal(200, response.status)
    assert.equal("2025-11-25", body.result.protocolVersion)
  end)

  it("names the server, and that it has tools", function()
    local _, body = server:post(mcp.message("initialize",
      { protocolVersion = "2025-06-18", capabilities = {},
        clientInfo = { name = "spec", version = "1" } }))
    local result = body.result
    assert.same({ name = "equinix-mcp",
      version = mcp.VERSION,
      title = "Equinix API Authentication" }, result.serverInfo)
    assert.equal(require("equinix.oauth.operations").instructions,
      result.instructions)
    local response = server:post(mcp.message("initialize",
      { protocolVersion = "2025-06-18" }))
    assert.truthy(response.body:find('"capabilities":{"tools":{}}', 1, true))
    assert.is_nil(response.body:find("resultType", 1, true))
    assert.is_nil(response.headers["Mcp-Session-Id"])
  end)

  it("requires a version", function()
    for _, params in ipairs { "{}", '{"protocolVersion":1}',
      '{"protocolVersion":null}' } do
      assert.equal(-32602, (server:code(
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":' .. params
        .. "}")))
    end
  end)

  it("answers ping with an empty object at any time", function()
    assert.equal('{"id":1,"jsonrpc":"2.0","result":{}}',
      server:line(mcp.message "ping"))
    assert.equal(200, server:post(mcp.message "ping").status)
  end)

  it("lists and calls tools without having been initialized", function()
    assert.equal(2, #server:result "tools/list".tools)
    assert.is_nil(server:call "getoauth2accesstoken".isError)
  end)

  it("accepts every version's header, and none", function()
    for _, version in ipairs(VERSIONS) do
      assert.equal(200, server:post(mcp.message "ping",
        mcp.headers { ["mcp-protocol-version"] = version }).status)
    end
    assert.equal(200, server:post(mcp.message "ping").status)
  end)

  it("refuses a header that names another version: 400", function()
    for _, version in ipairs { "2024-11-05", "2099-01-01", "", "x" } do
      local response, body = server:post(mcp.message "ping",
        mcp.headers { ["mcp-protocol-version"] = version })
      assert.equal(400, response.status, version)
      assert.equal(-32600, body.error.code)
      assert.equal(1, body.id)
      assert.same(VERSIONS, body.error.data.supported)
    end
  end)

  it("requires no header for initialize", function()
    for _, version in ipairs { "2099-01-01", "2026-07-28", "2025-06-18" } do
      local response, body = server:post(mcp.message("initialize",
        { protocolVersion = "2025-06-18" }), mcp.headers {
          ["mcp-protocol-version"] = version })
      assert.equal(200, response.status)
      assert.equal("2025-06-18", body.result.protocolVersion)
    end
  end)

  it("ignores Mcp-Method and Mcp-Name", function()
    local response, body = server:post(mcp.message "ping", mcp.headers {
      ["mcp-method"] = "tools/list", ["mcp-name"] = "x",
      ["mcp-protocol-version"] = "2025-11-25" })
    assert.equal(200, response.status)
    assert.same({}, body.result)
  end)

  it("sends errors with 200, unless nothing could be read", function()
    for text, code in pairs {
      [mcp.message "resources/list"] = -32601,
      [mcp.message "no/such"] = -32601,
      [mcp.message("tools/call", { name = "no" })] = -32602,
      [mcp.message("tools/list", { cursor = "x" })] = -32602,
    } do
      local response, body = server:post(text)
      assert.equal(200, response.status)
      assert.equal(code, body.error.code)
      assert.equal(1, body.id)
    end
    for text, code in pairs { ["{"] = -32700, ["1"] = -32600 } do
      local response = server:post(text)
      assert.equal(400, response.status)
      local body = json.decode(response.body)
      assert.equal(code, body.error.code)
      assert.equal(json.null, body.id)
    end
  end)
end)
