-- jsonrpc: messages of JSON-RPC 2.0.
local jsonrpc = require "equinix.service.mcp.jsonrpc"

local function fails(text)
  local message, rpc_error, id = jsonrpc.read(text)
  assert.is_nil(message, text)
  assert.equal(-32600, rpc_error.code)
  return id
end

describe("a message", function()
  it("keeps its id as it came", function()
    for _, id in ipairs { "1", "0", "-7", "-0", "9007199254740991",
      "9007199254740993", "123456789012345678901234567890", '"1"', '""',
      '"\\u0041"', '"é"' } do
      assert.equal(id, jsonrpc.read('{"jsonrpc":"2.0","method":"m","id":'
        .. id .. "}").id)
    end
  end)

  it("with an id that is neither string nor integer is refused, without one",
    function()
      for _, id in ipairs { "null", "1.0", "1.5", "1e3", "true", "[]", "{}",
        "[1]" } do
        assert.is_nil(fails('{"jsonrpc":"2.0","method":"m","id":' .. id
          .. "}"))
      end
    end)

  it("without an id is a notification", function()
    local message = jsonrpc.read '{"jsonrpc":"2.0","method":"m"}'
    assert.is_nil(message.id)
    assert.equal("m", message.method)
  end)

  it("must be an object with jsonrpc 2.0 and a method", function()
    for _, text in ipairs { "1", '"x"', "null", "[]", "{}",
      '{"jsonrpc":"2.0"}', '{"method":"m"}', '{"jsonrpc":2.0,"method":"m"}',
      '{"jsonrpc":"1.0","method":"m"}', '{"jsonrpc":"2.0","method":1}',
      '{"jsonrpc":"2.0","method":null}', '{"JSONRPC":"2.0","method":"m"}' } do
      assert.is_nil(fails(text))
    end
  end)

  it("that is refused keeps its id", function()
    assert.equal("7", fails '{"id":7,"method":"m"}')
    assert.equal('"a"', fails '{"id":"a","jsonrpc":"2.0"}')
    assert.equal("7", fails '{"id":7,"jsonrpc":"2.0","method":{}}')
  end)

  it("is a response if it has a result or an error and no method",
    function()
      for _, text in ipairs { '{"jsonrpc":"2.0","id":1,"result":{}}',
        '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}' } do
        assert.is_true(jsonrpc.read(text).response)
      end
      fails '{"jsonrpc":"2.0","result":{}}'
      assert.is_nil(jsonrpc.read(
        '{"jsonrpc":"2.0","id":1,"method":"m","result":{}}').response)
    end)

  it("contains its params and their _meta as texts", function()
    local message = jsonrpc.read('{"jsonrpc":"2.0","id":1,"method":"m",'
      .. '"params":{"a":[1.0],"_meta":{"b/c":{}}}}')
    assert.equal("[1.0]", message.params.a)
    assert.same({ ["b/c"] = "{}" }, message.meta)
    assert.is_false(message.unnamed)
  end)

  it("has empty params where there are none, or no object", function()
    local message = jsonrpc.read '{"jsonrpc":"2.0","id":1,"method":"m"}'
    assert.same({}, message.params)
    assert.same({}, message.meta)
    assert.is_false(message.unnamed)
    message = jsonrpc.read
      '{"jsonrpc":"2.0","id":1,"method":"m","params":null}'
    assert.same({}, message.params)
    assert.is_false(message.unnamed)
    for _, params in ipairs { "[]", "1", '"x"', "[1]", "false" } do
      message = jsonrpc.read('{"jsonrpc":"2.0","id":1,"method":"m","params":'
        .. params .. "}")
      assert.same({}, message.params)
      assert.is_true(message.unnamed)
    end
    message = jsonrpc.read
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":1}}'
    assert.same({}, message.meta)
  end)
end)

describe("a text", function()
  it("is a message, a batch, or an error", function()
    local parsed = jsonrpc.parse ' {"jsonrpc":"2.0","id":1,"method":"m"} '
    assert.equal("m", parsed.message.method)
    assert.is_nil(parsed.rpc_error)
    assert.equal("[1 , 2]", jsonrpc.parse "[1 , 2]".batch)
    parsed = jsonrpc.parse '{"id":"x"}'
    assert.is_nil(parsed.message)
    assert.equal(-32600, parsed.rpc_error.code)
    assert.equal('"x"', parsed.id)
    parsed = jsonrpc.parse "{"
    assert.equal(-32700, parsed.rpc_error.code)
    assert.matches("at byte %d+$", parsed.rpc_error.message)
  end)
end)
