-- The mistakes of a file, and the report of them.
local problems_of = require "equinix.capability.problems"

local function at(line, column)
  return { line = line, column = column }
end

describe("the mistakes of a file", function()
  it("are reported in the order of their places, each once", function()
    local problems = problems_of.new()
    problems:add(at(2, 1), "%s is wrong", "b")
    problems:add(at(1, 9), "c%")
    problems:add(at(1, 2), "a")
    problems:add(at(2, 1), "d")
    problems:add(at(2, 1), "b is wrong")
    assert.same({ "f:1:2: a", "f:1:9: c%", "f:2:1: b is wrong",
      "f:2:1: d" },
      problems_of.report(problems.list, "f"))
  end)

  it("are one line each, whatever a name in them has", function()
    local problems = problems_of.new()
    problems:add(at(1, 1), "keys.%s is wrong", "a\r\nb\27[1m\255")
    problems:warn(at(1, 1), "keys.%s is strange", "a\nb")
    assert.equal("keys.a\\x0d\\x0ab\\x1b[1m\\xff is wrong",
      problems.list[1].message)
    assert.equal("keys.a\\x0ab is strange", problems.warnings[1].message)
  end)

  it("may be about the whole file", function()
    assert.same({ "f: warning: no" },
      problems_of.report({ { message = "no" } }, "f", "warning: "))
  end)

  it("are a hundred lines at most, and a thousand in all", function()
    local problems = problems_of.new()
    for i = 1, 2000 do
      problems:add(at(i, 1), "m")
    end
    assert.is_true(problems:is_full())
    assert.equal(1000, #problems.list)
    local lines = problems_of.report(problems.list, "f")
    assert.equal(101, #lines)
    assert.equal("f: 900 more at least", lines[101])
  end)

  it("show a name on one line, cut, and what may have been meant", function()
    assert.equal("'a\\x0ab'", problems_of.name "a\nb")
    assert.equal("'" .. ("a"):rep(64) .. "...'",
      problems_of.name(("a"):rep(99)))
    assert.equal("; did you mean 'method'?",
      problems_of.meant("metod", { method = true }))
    assert.equal("", problems_of.meant("zzz", { method = true }))
  end)
end)
