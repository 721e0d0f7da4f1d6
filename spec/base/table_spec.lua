-- table: copies that can be changed without the original.
local tables = require "equinix.base.table"

describe("a copy", function()
  it("has all members and is another table", function()
    local inner = {}
    local original = { 1, 2, name = "a", inner = inner }
    local copy = tables.copy(original)
    assert.same(original, copy)
    copy.name, copy[1] = "b", 3
    assert.same({ 1, 2, name = "a", inner = inner }, original)
  end)

  it("is shallow: tables inside it are shared", function()
    local inner = {}
    assert.equal(inner, tables.copy({ inner = inner }).inner)
  end)

  it("of nothing is empty", function()
    assert.same({}, tables.copy(nil))
  end)
end)

describe("an update", function()
  it("sets the members of the second table in the first", function()
    local target = { a = 1, b = 2 }
    assert.equal(target, tables.update(target, { b = 3, c = 4 }))
    assert.same({ a = 1, b = 3, c = 4 }, target)
  end)

  it("with nothing changes nothing", function()
    assert.same({ a = 1 }, tables.update({ a = 1 }, nil))
  end)
end)
