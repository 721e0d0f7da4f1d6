-- cli/fields: `--fields a,b.c`, what is picked from an item.
local fields = require "equinix.cli.fields"

local function pick(item, names)
  return fields.pick(item, assert(fields.parse(names)))
end

describe("--fields", function()
  it("are names with commas between them, and dots in them", function()
    assert.same({
      { name = "a", path = { "a" } },
      { name = "b.c.0", path = { "b", "c", "0" } },
      { name = "Größe x", path = { "Größe x" } },
    }, fields.parse " a, b.c.0 ,Größe x")
  end)

  it("are refused where they are broken, with what is wrong", function()
    for text, message in pairs {
      [""] = "a name between two commas, or at an end, is missing",
      [" "] = "is missing", [","] = "is missing", ["a,"] = "is missing",
      [",a"] = "is missing", ["a,,b"] = "is missing",
      ["."] = "'.' has a dot without a name beside it",
      [".a"] = "has a dot", ["a."] = "has a dot", ["a..b"] = "has a dot",
      ["a,b,a"] = "'a' is given twice",
      ["a\nb"] = "a control character", ["a\27[1m"] = "a control character",
      [("a."):rep(16) .. "a"] = "more than 16 levels",
      [("x"):rep(5000)] = "longer than 4096 bytes",
    } do
      local list, reason = fields.parse(text)
      assert.is_nil(list, text)
      assert.truthy(reason:find(message, 1, true), reason)
    end
    local many = {}
    for i = 1, 65 do
      many[i] = "f" .. i
    end
    assert.equal("more than 64 names",
      select(2, fields.parse(table.concat(many, ","))))
    many[65] = nil
    assert.equal(64, #fields.parse(table.concat(many, ",")))
  end)

  it("pick texts as the server wrote them, however deep", function()
    assert.same({ "12345678901234567890", '"x"', "1.0", "{}" }, pick(
      '{"id":12345678901234567890, "a":{"b":[{"c":"x"},1.0]},"e":{}}',
      "id,a.b.0.c,a.b.1,e"))
  end)

  it("leave out what is missing, or leads nowhere", function()
    local item = '{"a":{"b":1},"l":[1,2],"s":"x","n":null,"0":"zero"}'
    assert.same({ [8] = "null", [9] = '"zero"' }, pick(item,
      "b,a.c,a.b.c,l.2,l.-1,l.x,s.0,n,0,n.a"))
    assert.same({ "1" }, pick("[1,2]", "0,a"))
    assert.same({}, pick("7", "a"))
  end)

  it("are reported where no item has them, with the nearest name", function()
    local items = { '{"name":1}', '{"name":1,"state":2}', "3" }
    local list = fields.parse "nmae,state,zzzzzzz,name.x"
    local picked = {}
    for i, item in ipairs(items) do
      picked[i] = fields.pick(item, list)
    end
    assert.same({
      "--fields: no item has 'nmae', did you mean 'name'?",
      "--fields: no item has 'zzzzzzz'",
      "--fields: no item has 'name.x'",
    }, fields.missing(list, picked, items))
    assert.same({}, fields.missing(list, {}, {})) -- no item: nothing to say
  end)
end)
