-- tools: the list of the tools, and one call.
local capability = require "equinix.oauth.operations"
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"
local schema = require "equinix.service.mcp.schema"
local tools = require "equinix.service.mcp.tools"

describe("tools/list", function()
  local list = mcp.new():result "tools/list".tools

  it("has the capability's operations, in its order and with its texts",
    function()
      assert.equal(#capability.operations, #list)
      for i, operation in ipairs(capability.operations) do
        assert.equal(operation.name, list[i].name)
        assert.equal(operation.title, list[i].title)
        assert.equal(operation.description, list[i].description)
      end
      assert.equal("getoauth2accesstoken", list[1].name)
      assert.equal("Generate New Access Token", list[1].title)
      assert.equal("refreshoauth2accesstoken", list[2].name)
      assert.equal("Renew Access Tokens", list[2].title)
    end)

  it("has three hints, all false, and openWorldHint unset", function()
    for _, tool in ipairs(list) do
      assert.same({ readOnlyHint = false, destructiveHint = false,
        idempotentHint = false }, tool.annotations)
    end
  end)

  it("has an object schema for arguments and result", function()
    for i, tool in ipairs(list) do
      assert.equal("object", tool.inputSchema.type)
      assert.is_nil(tool.inputSchema.required)
      for _, field in ipairs(capability.operations[i].fields) do
        local property = tool.inputSchema.properties[field.name]
        assert.equal("string", property.type)
        assert.equal(field.description, property.description)
      end
      assert.equal("object", tool.outputSchema.type)
      assert.same({ "access_token" }, tool.outputSchema.required)
      assert.equal("string", tool.outputSchema.properties.access_token.type)
    end
  end)

  it("is the same each time, byte for byte, and has no next page",
    function()
      local server = mcp.new()
      local line = server:line(mcp.message "tools/list")
      for _ = 1, 5 do
        assert.equal(line, mcp.new():line(mcp.message "tools/list"))
      end
      assert.is_nil(server:result "tools/list".nextCursor)
    end)

  it("refuses any cursor", function()
    local server = mcp.new()
    for _, cursor in ipairs { '"x"', '""', "1", "false" } do
      assert.equal(-32602, (server:code('{"jsonrpc":"2.0","id":1,"method":'
        .. '"tools/list","params":{"cursor":' .. cursor .. "}}")))
    end
  end)
end)

describe("tools/call", function()
  local server
  before_each(function()
    server = mcp.new()
  end)

  it("is an error of the protocol for an unknown tool and for arguments "
    .. "that are no object, and for nothing else", function()
    for _, params in ipairs { '{"name":"no"}', "{}", '{"name":1}',
      '{"name":null}', '{"name":"getOAuth2AccessToken"}',
      '{"name":"equinix_request"}',
      '{"name":"getoauth2accesstoken","arguments":[]}',
      '{"name":"getoauth2accesstoken","arguments":false}',
      '{"name":"getoauth2accesstoken","arguments":"{}"}' } do
      assert.equal(-32602, (server:code('{"jsonrpc":"2.0","id":1,"method":'
        .. '"tools/call","params":' .. params .. "}")), params)
    end
    assert.equal(0, #server.service.asked)
  end)

  it("is a result with isError for arguments that don't fit", function()
    for _, arguments in ipairs { { client_id = 1 }, { clientId = "x" },
      { grant_type = "magic" }, { user_password = true } } do
      local result, words = server:call("getoauth2accesstoken", arguments)
      assert.is_true(result.isError)
      assert.is_nil(result.structuredContent)
      assert.matches("^getoauth2accesstoken: ", words)
    end
    assert.equal(0, #server.service.asked)
  end)

  it("has the object twice: structured, and as JSON text in one line",
    function()
      local result, text = server:call "getoauth2accesstoken"
      assert.is_nil(result.isError)
      assert.same(result.structuredContent, json.decode(text))
      assert.equal("text", result.content[1].type)
      assert.equal(1, #result.content)
      server = mcp.new { response = { body = '{\r\n"access_token":\n"t"\n}' } }
      assert.is_nil(server:line(mcp.message("tools/call",
        { name = "getoauth2accesstoken" })):find "[\r\n]")
    end)

  it("is allowed 100 times at once, then fails with a text, each tool by "
    .. "itself", function()
    local time = 5
    server = mcp.new { now = function()
      return time
    end }
    for _ = 1, 100 do
      assert.is_nil(server:call "getoauth2accesstoken".isError)
    end
    local result, words = server:call "getoauth2accesstoken"
    assert.is_true(result.isError)
    assert.matches("too many calls.*Try again in 1 s", words)
    assert.is_nil(server:call "refreshoauth2accesstoken".isError)
    time = time + 1
    assert.is_nil(server:call "getoauth2accesstoken".isError)
    assert.equal(102, #server.service.asked)
  end)

  it("counts in the dictionary that it is given", function()
    local counted = {}
    local list = tools.new({ {
      name = "t", title = "T", description = "D.",
      input = schema.new {}, output = schema.new {},
      hints = capability.operations[1].hints,
      run = function()
        return "{}"
      end,
    } }, os.time, {
      get = function() end,
      set = function(_, key)
        counted[#counted + 1] = key
      end,
    })
    assert.equal("{}", list:call(list.by_name.t, "{}", {}).structuredContent)
    assert.same({ "rate:t" }, counted)
  end)
end)

describe("the list of the tools", function()
  it("is written once, when it is first asked for", function()
    local written = 0
    local list = tools.new({ {
      name = "t", title = "T", description = "D.",
      input = {
        text = function()
          written = written + 1
          return "{}"
        end,
      },
    } }, os.time)
    assert.equal(0, written)
    local text = list:text()
    assert.equal('[{"description":"D.","inputSchema":{},"name":"t",'
      .. '"title":"T"}]', text)
    assert.equal(text, list:text())
    assert.equal(1, written)
  end)
end)

describe("the text of a tool that failed", function()
  it("is UTF-8, also when Equinix's was not", function()
    local server = mcp.new { response = { status = 400,
      body = '{"errorMessage":"caf\233, \195\169"}' } }
    local result, words = server:call("getoauth2accesstoken", {})
    assert.is_true(result.isError)
    assert.matches("caf\\xe9, \195\169", words)
  end)
end)
