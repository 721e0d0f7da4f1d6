-- emulator/json: lua-cjson, with texts that are easy to read.
local json = require "equinix.emulator.json"

describe("the emulator's JSON", function()
  it("writes a slash as it is", function()
    assert.equal('{"a":"x/y\\\\z"}', json.encode { a = "x/y\\z" })
    assert.equal("{}", json.encode {})
  end)

  it("reads values, and takes what is not JSON for nothing", function()
    assert.same({ a = 1 }, json.decode '{"a":1}')
    for _, text in ipairs { "", "nonsense", "{", '{"a":1} x' } do
      assert.is_nil(json.decode(text))
    end
  end)
end)
