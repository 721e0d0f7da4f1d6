-- ini: sections of `name = value`, read with their lines, changed in place.
local ini = require "equinix.base.ini"

local TEXT = [[
# mine
[default]
client_id = one
  ; no value
secret=  a # b ; c = d

[work]
client_id = two
]]

describe("ini.read", function()
  it("knows sections, values and their lines", function()
    local sections = ini.read(TEXT)
    assert.equal(2, #sections)
    assert.same({ "default", 2, "work", 7 }, { sections[1].name,
      sections[1].line, sections[2].name, sections[2].line })
    assert.same({ client_id = { text = "one", line = 3 },
      secret = { text = "a # b ; c = d", line = 5 } }, sections[1].values)
    assert.equal(sections[2], sections.by_name.work)
  end)

  it("takes line ends, tabs and marks of other editors", function()
    local sections = ini.read "\239\187\191[ a ]\r\n\tx\t= 1\t\r\ny =\r\n"
    assert.same({ x = { text = "1", line = 2 }, y = { text = "", line = 3 } },
      sections.by_name.a.values)
    assert.same({}, ini.read("").by_name)
  end)

  it("says which line is wrong, and quotes none", function()
    for text, expected in pairs {
      ["[a]\nhunter2"] = { 2, "neither %[name%] nor name = value" },
      ["[a]\n= hunter2"] = { 2, "neither" },
      ["[a\nx = hunter2"] = { 1, "written as %[name%]" },
      ["[]"] = { 1, "written as %[name%]" },
      ["x = hunter2"] = { 1, "in no section" },
      ["[a]\nx = 1\n\nx = hunter2"] = { 4, "x is set already, in line 2" },
      ["[a]\n[b]\n[a]"] = { 3, "%[a%] is there already, in line 1" },
    } do
      local none, line, message = ini.read(text)
      assert.is_nil(none)
      assert.equal(expected[1], line, text)
      assert.matches(expected[2], message)
      assert.not_matches("hunter2", message)
    end
  end)

  it("takes a time that grows with the text and no faster", function()
    local blanks = (" "):rep(200000)
    assert.equal(1, #ini.read("[a]\nx =" .. blanks .. "1" .. blanks))
  end)
end)

describe("ini.change", function()
  it("changes values, adds some and removes some; all else stays", function()
    assert.equal([[
# mine
[default]
client_id = new
  ; no value
file = /f

[work]
client_id = two
]], ini.change(TEXT, "default", { { "client_id", "new" }, { "file", "/f" },
      { "secret", false }, { "other", false } }))
  end)

  it("adds a section at the end", function()
    assert.equal(TEXT .. "\n[new]\na = 1\nb = 2\n",
      ini.change(TEXT, "new", { { "a", "1" }, { "b", "2" } }))
    assert.equal("[new]\na = 1\n", ini.change("", "new", { { "a", "1" } }))
  end)

  it("adds to a section that has no values", function()
    assert.equal("[a]\nx = 1\n[b]\n", ini.change("[a]\n[b]\n", "a",
      { { "x", "1" } }))
  end)
end)
