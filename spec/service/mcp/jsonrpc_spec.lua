-- adapter/mcp/message: one message of JSON-RPC 2.0.
local message = require "equinix.service.mcp.jsonrpc"

local function fails(text)
  local asked, problem, id = message.read(text)
  assert.is_nil(asked, text)
  assert.equal(-32600, problem.code)
  return id
end

describe("a message", function()
  it("keeps its id as it came", function()
    for _, id in ipairs { "1", "0", "-7", "-0", "9007199254740991",
      "9007199254740993", "123456789012345678901234567890", '"1"', '""',
      '"\\u0041"', '"é"' } do
      assert.equal(id, message.read('{"jsonrpc":"2.0","method":"m","id":'
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
    local asked = message.read '{"jsonrpc":"2.0","method":"m"}'
    assert.is_nil(asked.id)
    assert.equal("m", asked.method)
  end)

  it("must be an object that says jsonrpc 2.0 and has a method", function()
    for _, text in ipairs { "1", '"x"', "null", "[]", "{}",
      '{"jsonrpc":"2.0"}', '{"method":"m"}', '{"jsonrpc":2.0,"method":"m"}',
      '{"jsonrpc":"1.0","method":"m"}', '{"jsonrpc":"2.0","method":1}',
      '{"jsonrpc":"2.0","method":null}', '{"JSONRPC":"2.0","method":"m"}' } do
      assert.is_nil(fails(text))
    end
  end)

  it("that is refused keeps the id that it has", function()
    assert.equal("7", fails '{"id":7,"method":"m"}')
    assert.equal('"a"', fails '{"id":"a","jsonrpc":"2.0"}')
    assert.equal("7", fails '{"id":7,"jsonrpc":"2.0","method":{}}')
  end)

  it("is a response where it has a result or an error and no method",
    function()
      for _, text in ipairs { '{"jsonrpc":"2.0","id":1,"result":{}}',
        '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}' } do
        assert.is_true(message.read(text).response)
      end
      fails '{"jsonrpc":"2.0","result":{}}'
      assert.is_nil(message.read(
        '{"jsonrpc":"2.0","id":1,"method":"m","result":{}}').response)
    end)

  it("has its params and their _meta as texts", function()
    local asked = message.read('{"jsonrpc":"2.0","id":1,"method":"m",'
      .. '"params":{"a":[1.0],"_meta":{"b/c":{}}}}')
    assert.equal("[1.0]", asked.params.a)
    assert.same({ ["b/c"] = "{}" }, asked.meta)
    assert.is_false(asked.unnamed)
  end)

  it("has none where there are none, or no object", function()
    local asked = message.read '{"jsonrpc":"2.0","id":1,"method":"m"}'
    assert.same({}, asked.params)
    assert.same({}, asked.meta)
    assert.is_false(asked.unnamed)
    for _, params in ipairs { "[]", "null", "1", '"x"', "[1]" } do
      asked = message.read('{"jsonrpc":"2.0","id":1,"method":"m","params":'
        .. params .. "}")
      assert.same({}, asked.params)
      assert.is_true(asked.unnamed)
    end
    asked = message.read
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":1}}'
    assert.same({}, asked.meta)
  end)
end)
