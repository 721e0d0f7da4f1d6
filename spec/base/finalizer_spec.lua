-- finalizer: a function that runs when a value is dropped, on every Lua.
local finalizer = require "equinix.base.finalizer"

describe("a finalizer", function()
  it("runs once, when the value is dropped and not before", function()
    local calls = 0
    local holder = { finalizer.new(function()
      calls = calls + 1
    end) }
    collectgarbage()
    collectgarbage()
    assert.equal(0, calls)
    assert.truthy(table.remove(holder))
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.equal(1, calls)
  end)

  it("may raise: that is lost", function()
    finalizer.new(function()
      error "lost"
    end)
    collectgarbage()
    collectgarbage()
  end)
end)
