-- What a text in a file stands for.
local tree = require "equinix.capability.tree"
local value = require "equinix.capability.value"

local function plain(text)
  return tree.text(text, true, 1, 1)
end

describe("a text in a capability file", function()
  it("is the caller's input where it names one", function()
    local namespaces = { ports = true }
    for text, name in pairs {
      ["{{x}}"] = "x", ["{{ x }}"] = "x", ["tools.x"] = "x", ["rest.x"] = "x",
      ["ports.x"] = "x", ["{{tools.x}}"] = "x", ["{{env.X}}"] = "env.X",
    } do
      assert.equal(name, value.input(text, namespaces), text)
    end
    for _, text in ipairs { "x", "a.x", "tools.", "a {{x}}", "{{}}", "" } do
      assert.is_nil(value.input(text, namespaces), text)
    end
  end)

  it("is a number only as a number is written back", function()
    assert.equal(10, value.plain(plain "10"))
    assert.equal(-1.5, value.plain(plain "-1.5"))
    for _, text in ipairs { "010", "1.10", "12:30", "+1", "1e3", "no" } do
      assert.equal(text, value.plain(plain(text)))
    end
    assert.equal("10", value.plain(tree.text("10", false, 1, 1)))
  end)

  it("is true, false or null without quotes", function()
    assert.is_true(value.plain(plain "true"))
    assert.is_false(value.plain(plain "false"))
    assert.is_nil(value.plain(plain "~"))
  end)

  it("has the type that is expected, where it can", function()
    assert.equal("10", value.typed(plain "10", "string"))
    assert.equal(10, value.typed(tree.text("10", false, 1, 1), "integer"))
    assert.is_true(value.typed(tree.text("true", false, 1, 1), "boolean"))
    assert.equal("x", value.typed(plain "x", "number"))
  end)

  it("may have a template that is a part of it", function()
    assert.is_true(value.has_part "a {{x}}")
    assert.is_false(value.has_part "{{x}}")
    assert.is_false(value.has_part "a")
  end)
end)
