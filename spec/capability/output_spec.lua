-- What an answer is made of.
local output = require "equinix.capability.output"

describe("a path into an answer", function()
  it("is steps", function()
    local all = { all = true }
    for text, steps in pairs {
      ["$"] = {}, ["$."] = {}, ["$.a"] = { "a" }, ["$.a.b-c"] = { "a", "b-c" },
      ["$['a b'].c"] = { "a b", "c" }, ['$["a.b"]'] = { "a.b" },
      ["$.a[0][12]"] = { "a", 0, 12 }, ["$.a[*].b"] = { "a", all, "b" },
      ["$[*]"] = { all }, ["$.a.*"] = { "a", all }, [" $.a "] = { "a" },
    } do
      assert.same(steps, output.steps(text), text)
    end
  end)

  it("is nothing else", function()
    for _, text in ipairs { "", "a", "$a", "$..a", "$.a[", "$.a[-1]",
      "$.a[0:2]", "$.a[?(@.b)]", "$.a[1,2]", "$.a.", "$.a b", "$[]",
      "$[99999999999]" } do
      assert.is_nil(output.steps(text), text)
    end
  end)
end)
