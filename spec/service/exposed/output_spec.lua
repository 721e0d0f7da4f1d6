-- output: what a capability picks out of a response.
local output = require "equinix.service.exposed.output"

local TEXT = '{"data":[{"id":1.50,"tags":["a","b"]},{"id":2,"tags":[]}],'
  .. '"n":null,"o":{"x":{"y":"z"}}}'

local ALL = { all = true }

local function pick(steps, more)
  more = more or {}
  more.steps = steps
  return output.map(more, TEXT)
end

describe("the output of a capability", function()
  it("is what the steps lead to, as it came", function()
    assert.equal(TEXT, pick {})
    assert.equal("1.50", pick { "data", 0, "id" })
    assert.equal('"z"', pick { "o", "x", "y" })
    assert.equal('["a","b"]', pick { "data", 0, "tags" })
  end)

  it("is null where there is nothing", function()
    for _, steps in ipairs { { "x" }, { "data", 2 }, { "data", "id" },
      { "o", 0 }, { "n", "x" }, { "data", 0, "id", "x" }, { "n" } } do
      assert.equal("null", pick(steps))
    end
  end)

  it("is a list of all parts, in one level", function()
    assert.equal("[1.50,2]", pick { "data", ALL, "id" })
    assert.equal('["a","b"]', pick { "data", ALL, "tags", ALL })
    assert.equal("[null,null]", pick { "data", ALL, "gone" })
    assert.equal('["z"]', pick { "o", ALL, "y" })
    assert.equal("[]", pick { "n", ALL })
  end)

  it("may be an object or a list of a form of its own", function()
    assert.equal('{"first":1.50,"fixed":"f","gone":null}', pick({}, {
      type = "object",
      properties = { { name = "first", steps = { "data", 0, "id" } },
        { name = "fixed", const = "f" }, { name = "gone", steps = { "g" } } },
    }))
    assert.equal('[{"i":1.50,"t":"a"},{"i":2,"t":null}]', pick({ "data" }, {
      type = "array",
      items = { type = "object", properties = {
        { name = "i", steps = { "id" } },
        { name = "t", steps = { "tags", 0 } },
      } },
    }))
    assert.equal("null", pick({ "gone" }, { type = "object",
      properties = { { name = "a", steps = {} } } }))
  end)
end)
