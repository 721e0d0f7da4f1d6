-- cli/table: rows and columns for a reader.
local cell = require "equinix.cli.cell"
local tables = require "equinix.cli.table"

describe("the columns of a table", function()
  local function columns(...)
    local names = {}
    for i, field in ipairs(tables.columns { ... }) do
      names[i] = field.name
      assert.same({ field.name }, field.path)
    end
    return table.concat(names, " ")
  end

  it("are scalars: well-known names, the server's order, href", function()
    assert.equal("name uuid id state zeta alpha href", columns(
      '{"href":"x","zeta":1,"id":2,"state":"s","o":{},"l":[],"uuid":"u"}',
      '{"alpha":true,"name":null,"zeta":2}'))
  end)

  it("are none that is an object or a list in one of the items", function()
    assert.equal("a", columns('{"a":1,"b":1}', '{"b":{}}'))
  end)

  it("are all members where none is a scalar", function()
    assert.equal("b a", columns '{"b":{},"a":[1]}')
    assert.equal("", columns "{}")
  end)

  it("are one where the items are no objects", function()
    assert.same({ { name = "value", path = {} } }, tables.columns { "1" })
    assert.same({ { name = "value", path = {} } },
      tables.columns { '{"a":1}', "[]" })
  end)

  it("are decided by the first items", function()
    local items = {}
    for i = 1, 20 do
      items[i] = '{"a":1}'
    end
    items[21] = '{"b":1}'
    assert.equal("a", columns((table.unpack or unpack)(items)))
  end)
end)

describe("a table", function()
  local ROWS = { { "Zürich", "5", "x" }, { "a", "1000", "" } }

  it("has a header and columns, with numbers on the right", function()
    assert.same({
      "name       n  c",
      "Zürich     5  x",
      "a       1000",
    }, tables.lines({ "name", "n", "c" }, ROWS))
    assert.same({ "a  b" }, tables.lines({ "a", "b" }, {}))
    assert.same({ "n  s", "5  5", "   x" },
      tables.lines({ "n", "s" }, { { "5", "5" }, { "", "x" } }))
  end)

  it("cuts the widest columns until it fits, and no others", function()
    local rows = { { ("a"):rep(30), "1", ("b"):rep(50) } }
    for width = 20, 90 do
      local lines = tables.lines({ "x", "n", "y" }, rows, width)
      assert.is_true(cell.width(lines[2]) <= width)
      assert.truthy(lines[2]:find("  1  ", 1, true))
    end
    assert.equal(("a"):rep(7) .. "…  1  " .. ("b"):rep(7) .. "…",
      tables.lines({ "x", "n", "y" }, rows, 21)[2])
    assert.equal(85, #tables.lines({ "x", "n", "y" }, rows, 85)[2])
  end)

  it("keeps four characters of a column where the window is too narrow",
    function()
      assert.same({ "x     y", "aaa…  bbb…" }, tables.lines({ "x", "y" },
        { { "aaaaaaa", "bbbbbb" } }, 3))
    end)

  it("says how many columns fit, one at least", function()
    local header, rows = { "a", "b", "c" }, { { "12345", "12345", "12345" } }
    for width, n in pairs { [1] = 1, [11] = 1, [12] = 2, [18] = 2, [19] = 3 }
    do
      assert.equal(n, tables.fitting(header, rows, width))
    end
    -- Of a long one 40 count, since it can be cut.
    assert.equal(2, tables.fitting({ "a", "b" }, { { ("x"):rep(500), "1" } },
      43))
  end)
end)
