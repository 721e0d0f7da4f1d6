-- server: a parsed text in, the text of the response out.
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"

local PING = mcp.message "ping"

describe("the server", function()
  local server
  before_each(function()
    server = mcp.new()
  end)

  local function line(text, agreed)
    return server:line(text, agreed)
  end

  it("returns an id as it came", function()
    for _, id in ipairs { "1", '"1"', "-3", "9007199254740991",
      "9007199254740993", "10000000000000000000", '"a\\u0000b"', '""' } do
      assert.equal('{"id":' .. id .. ',"jsonrpc":"2.0","result":{}}',
        line('{"jsonrpc":"2.0","method":"ping","id":' .. id .. "}"))
    end
  end)

  it("refuses invalid ids, with the id null", function()
    for _, id in ipairs { "null", "1.0", "1.5", "1e2", "[]", "{}", "true" } do
      local code, body = server:code(
        '{"jsonrpc":"2.0","method":"ping","id":' .. id .. "}")
      assert.equal(-32600, code)
      assert.equal(json.null, body.id)
    end
  end)

  it("refuses invalid JSON with -32700, and what is no message with -32600",
    function()
      for text, expected in pairs { ["{"] = -32700, [""] = -32700,
        ["\255"] = -32700, ['{"id":1,"id":2}'] = -32700,
        [("["):rep(100)] = -32700, ["1"] = -32600, ["{}"] = -32600,
        ["null"] = -32600 } do
        local code, body = server:code(text)
        assert.equal(expected, code, text)
        assert.equal(json.null, body.id)
      end
    end)

  it("repeats nothing of what it could not read", function()
    for _, text in ipairs { '{"client_secret":"s3cret"', "s3cret",
      '{"jsonrpc":"2.0","id":1,"method":"s3cret"}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
        .. '{"name":"s3cret"}}' } do
      assert.is_nil(line(text):find("s3cret", 1, true))
    end
  end)

  it("never answers a notification, known or not, valid or not", function()
    for _, text in ipairs {
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":'
        .. '{"requestId":1}}',
      '{"jsonrpc":"2.0","method":"no/such"}',
      '{"jsonrpc":"2.0","method":"ping","params":[]}',
      '{"jsonrpc":"2.0","method":"tools/call","params":'
        .. '{"name":"getoauth2accesstoken"}}',
    } do
      assert.is_nil(line(text))
      local response = server:post(text)
      assert.equal(202, response.status)
      assert.equal("", response.body)
      response = server:post(text, mcp.headers_2026 "x")
      assert.equal(202, response.status)
      assert.equal("", response.body)
    end
    assert.equal(0, #server.service.asked)
  end)

  it("never answers a response", function()
    local text = '{"jsonrpc":"2.0","id":1,"result":{}}'
    assert.is_nil(line(text))
    assert.equal(202, server:post(text).status)
  end)

  it("requires params to be an object", function()
    for _, params in ipairs { "[]", "1", '"x"', "false" } do
      assert.equal(-32602, (server:code(
        '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":' .. params
        .. "}")))
    end
  end)

  it("reports its own mistakes to the log only", function()
    local said = {}
    server = mcp.new {
      response = function()
        error "a secret of this machine"
      end,
      log = function(text)
        said[#said + 1] = text
      end,
    }
    local code, body = server:code(mcp.message("tools/call",
      { name = "getoauth2accesstoken" }))
    assert.equal(-32603, code)
    assert.equal("internal error", body.error.message)
    assert.equal(1, #said)
    assert.matches("a secret of this machine", said[1])
  end)
end)

describe("a batch", function()
  local server
  before_each(function()
    server = mcp.new()
  end)

  local BATCH = "[" .. mcp.message("ping", nil, 1) .. ","
    .. mcp.message("ping", nil, "a") .. ',{"jsonrpc":"2.0","method":"x"},7]'

  it("is answered under 2025-03-26, the default version", function()
    for _, version in ipairs { "2025-03-26", false } do
      local response, bodies = server:post(BATCH, mcp.headers {
        ["mcp-protocol-version"] = version })
      assert.equal(200, response.status)
      assert.equal(3, #bodies)
      assert.equal(1, bodies[1].id)
      assert.equal("a", bodies[2].id)
      assert.equal(-32600, bodies[3].error.code)
    end
  end)

  it("is refused under every other version: 400, -32600", function()
    for _, version in ipairs { "2025-06-18", "2025-11-25", "2026-07-28",
      "2099-01-01" } do
      local response, body = server:post(BATCH, mcp.headers {
        ["mcp-protocol-version"] = version })
      assert.equal(400, response.status)
      assert.equal(-32600, body.error.code)
      assert.equal(json.null, body.id)
    end
  end)

  it("depends on the version that stdio agreed on", function()
    assert.equal("[", server:line(BATCH):sub(1, 1))
    assert.equal("[", server:line(BATCH, "2025-03-26"):sub(1, 1))
    assert.equal("{", server:line(BATCH, "2025-11-25"):sub(1, 1))
  end)

  it("of notifications only is not answered", function()
    local text = '[{"jsonrpc":"2.0","method":"x"},'
      .. '{"jsonrpc":"2.0","id":1,"result":{}}]'
    assert.is_nil(server:line(text))
    assert.equal(202, server:post(text).status)
  end)

  it("has 1 to 100 messages", function()
    assert.equal(-32600, (server:code "[]"))
    assert.equal(-32600, (server:code "[ \n]"))
    local function of(n)
      return "[" .. (PING .. ","):rep(n - 1) .. PING .. "]"
    end
    assert.equal(100, #json.decode(server:line(of(100))))
    assert.equal(-32600, (server:code(of(101))))
  end)

  it("contains no initialize and no request of 2026-07-28", function()
    local bodies = json.decode(server:line("["
      .. mcp.message("initialize", { protocolVersion = "2025-03-26" }, 1)
      .. "," .. mcp.message("tools/list", mcp.params_2026(), 2) .. ","
      .. mcp.message("ping", nil, 3) .. "]"))
    assert.equal(-32600, bodies[1].error.code)
    assert.equal(-32600, bodies[2].error.code)
    assert.equal(2, bodies[2].id)
    assert.same({}, bodies[3].result)
  end)
end)
