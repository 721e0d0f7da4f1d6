-- template: a body with the values of a call in it.
local template = require "equinix.service.exposed.template"

local function fill(tree, values)
  return template.fill(tree, values or {})
end

describe("a template", function()
  it("keeps what is written in it, and the types of values", function()
    local tree = { object = { { "a", { value = 1 } },
      { "b", { array = { { value = "{{x}}" }, { value = true },
        { null = true } } } }, { "c", { input = "x" } } } }
    assert.equal('{"a":1,"b":["{{x}}",true,null],"c":9007199254740993}',
      fill(tree, { x = "9007199254740993" }))
    assert.equal('{"a":1,"b":["{{x}}",true,null],"c":{"d":[ ]}}',
      fill(tree, { x = '{"d":[ ]}' }))
  end)

  it("leaves out what has no value, wherever it stands", function()
    assert.equal('{"list":[2],"o":{}}', fill {
      object = { { "gone", { input = "x" } },
        { "list", { array = { { input = "x" }, { value = 2 } } } },
        { "o", { object = { { "y", { input = "y" } } } } } },
    })
    assert.is_nil(fill { input = "x" })
  end)

  it("lets no value change its structure", function()
    assert.equal([[{"a":"\",\"b\":\"","z":false}]], fill({
      object = { { "a", { input = "x" } }, { "z", { value = false } } },
    }, { x = [["\",\"b\":\""]] }))
  end)
end)
