-- The template of a body.
local body = require "equinix.capability.body"
local json_tree = require "equinix.capability.json_tree"
local problems_of = require "equinix.capability.problems"
local tree = require "equinix.capability.tree"

local LIMITS = { nodes = 100, parts = 100 }

local function read(kind, data, binds)
  local problems, used = problems_of.new(), {}
  local made = body.read({ type = kind, data = data, where = "x.body",
    places = { type = data } }, { problems = problems, where = "x.body",
    namespaces = {}, binds = binds or {}, inputs = {}, used = used })
  local names = {}
  for i, entry in ipairs(used) do
    names[i] = entry.name
  end
  return made, names, problems_of.report(problems.list, "f"),
    problems.warnings
end

local function json(text)
  return assert(json_tree.read(text, LIMITS))
end

describe("a body", function()
  it("is a template whose inputs stand alone in a text", function()
    local made, names = read("json",
      json '{"a": "{{x}}", "b": [1, true, null, "1"], "c": {}}')
    assert.equal("json", made.kind)
    assert.same({ object = {
      { "a", { input = "x" } },
      { "b", { array = { { value = 1 }, { value = true }, { null = true },
        { value = "1" } } } },
      { "c", { object = {} } },
    } }, made.template)
    assert.same({ "x" }, names)
  end)

  it("may be a text with JSON in it", function()
    local text = tree.text('{"a": {{x}}}', false, 1, 1)
    local made, names = read("json", text)
    assert.same({ object = { { "a", { input = "x" } } } }, made.template)
    assert.same({ "x" }, names)
    assert.same({ "f:1:1: x.body.data: this is not JSON: a value was expected "
      .. "(line 1, column 2 of it)" },
      (select(3, read("json", tree.text("[", false, 1, 1)))))
  end)

  it("of a form has one text for each member", function()
    local made = read("formUrlEncoded", json '{"a": "{{x}}", "b": "1"}')
    assert.equal("form", made.kind)
    assert.same({ "f:1:2: x.body.data: a member of a form is a text" },
      (select(3, read("form", json '{"a": []}'))))
    assert.same({ "f:1:1: x.body.data of a form must be a map" },
      (select(3, read("form", json '["a"]'))))
  end)

  it("has a type that is known, and no bind", function()
    assert.matches("unknown type 'xml'", (select(3, read("xml",
      json "{}")))[1])
    assert.matches("a bind is only for", (select(3, read("json",
      json '{"a": "{{env.A}}"}', { ["env.A"] = "A" })))[1])
  end)

  it("warns of a template inside a longer text", function()
    local _, _, lines, warnings = read("json", json '{"a": "x {{y}}"}')
    assert.same({}, lines)
    assert.equal(1, #warnings)
  end)
end)
