-- What may be declared as an input.
local parameter = require "equinix.capability.parameter"
local problems_of = require "equinix.capability.problems"

local function mistakes(object)
  local problems, place = problems_of.new(), { line = 1, column = 1 }
  object.where = "x"
  object.places = setmetatable({}, { __index = function()
    return place
  end })
  local usable = parameter.check(object, problems)
  local lines = {}
  for i, problem in ipairs(problems.list) do
    lines[i] = problem.message
  end
  return lines, usable
end

describe("a declared input", function()
  it("has a place and a type that exist", function()
    assert.same({}, (mistakes { name = "a", ["in"] = "query",
      type = "string" }))
    assert.same({ "x.type: unknown type 'strin'; did you mean 'string'?" },
      (mistakes { name = "a", ["in"] = "query", type = "strin" }))
    local lines, usable = mistakes { name = "a", ["in"] = "cookie" }
    assert.is_falsy(usable)
    assert.truthy(lines[1]:find("in: cookie", 1, true)
      or lines[1]:find("in: 'cookie'", 1, true))
  end)

  it("has a name that can be shown", function()
    for _, name in ipairs { ("a"):rep(129), "a{b", " a", "a ", "a\nb" } do
      assert.is_string(parameter.name_complaint(name))
    end
    assert.is_nil(parameter.name_complaint "a b-c.d")
    assert.is_nil(select(2, mistakes {}))
  end)

  it("is no header that is the service's or HTTP's", function()
    for _, name in ipairs { "Authorization", "HOST", "content-type",
      "Proxy-Authorization", "Expect", "a b", "a:", "" } do
      assert.is_false(parameter.is_header(name), name)
    end
    assert.is_true(parameter.is_header "X-Correlation-Id")
    assert.equal(1, #mistakes { name = "Cookie", ["in"] = "header" })
  end)

  it("has a constant that can stand in its place", function()
    for _, value in ipairs { "", ".", "..", "a/b", "a%b", "a\nb" } do
      assert.is_false(parameter.fits("path", value))
    end
    assert.is_true(parameter.fits("path", "a b"))
    assert.is_true(parameter.fits("path", 1))
    assert.is_false(parameter.fits("header", "a\rb"))
    assert.is_true(parameter.fits("query", "a\nb"))
  end)
end)
