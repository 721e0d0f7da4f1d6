-- cli/slices: JSON taken apart without being read.
local json = require "equinix.base.json"
local slices = require "equinix.cli.slices"

describe("the items of a page", function()
  it("are found in every shape", function()
    for _, text in ipairs {
      '[1,{"a":2}]',
      '{"pagination":{"total":2},"data":[1,{"a":2}]}',
      '{"content":[1,{"a":2}],"page":{"number":0}}',
      '{"status":{"data":[7]},"payLoad":[1,{"a":2}]}',
      '{"payLoad":{"data":[1,{"a":2}]}}',
      ' {\n "data" : [ 1 ,\n {"a":2} ]\n} ',
    } do
      assert.same({ "1", '{"a":2}' }, slices.items(text), text)
    end
    assert.same({ '{"a":1}' }, slices.items '{"payLoad":{"a":1}}')
    assert.same({}, slices.items '{"data":[]}')
    assert.same({}, slices.items "[]")
  end)

  it("are none where there is no list", function()
    for _, text in ipairs { "{}", '{"name":"a","tags":[1]}', "1", '"data"',
      '{"data":"[1]"}', '{"data":null}' } do
      assert.is_nil(slices.items(text), text)
    end
  end)

  it("keep their bytes: long numbers, order, empty arrays, escapes",
    function()
      local items = {
        "12345678901234567890", "1.50", "1e3", '{"z":[],"a":{},"m":null}',
        [["a \" ] } , \\"]],
        [=[{"b\"]":"}{][","c":[[["]"]]]}]=], "true", "null",
        '"\\u00e9"',
      }
      assert.same(items, slices.items('{"data":['
        .. table.concat(items, ",") .. "]}"))
      assert.same(items, slices.items('{"data": [\n  '
        .. table.concat(items, " ,\n  ") .. "\n]}"))
    end)

  it("end where the text does, even if it is no JSON", function()
    for _, text in ipairs { "[", '["', '[1,"\\', '{"a', '{"data":', "[[[[",
      '{"data":[{"a":1' } do
      slices.items(text)
    end
  end)
end)

describe("a value", function()
  it("keeps its empty arrays when it is sent again", function()
    local text = '{"filter":{"and":[]},"list":[[],{"a":[]}],"none":{}}'
    local value = slices.decode(text, json.decode, json.empty_array)
    local sent = assert(json.encode(value))
    for _, part in ipairs { '"and":[]', '[[],{"a":[]}]', '"none":{}' } do
      assert.is_truthy(sent:find(part, 1, true), sent)
    end
  end)

  it("says where it is no JSON", function()
    local value, message = slices.decode("{", json.decode, json.empty_array)
    assert.is_nil(value)
    assert.is_string(message)
  end)
end)
