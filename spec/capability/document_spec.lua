-- A tree as a document of known shape.
local document = require "equinix.capability.document"
local problems_of = require "equinix.capability.problems"
local reader = require "equinix.capability.reader"

local function read(text)
  local problems = problems_of.new()
  local file = document.read(assert(reader.read(text, "x.json")), problems)
  return file, problems_of.report(problems.list, "f")
end

describe("a document", function()
  it("has texts, flags, lists, and the places of its keys", function()
    local file, lines = read [[{"capability": {"consumes": [], "exposes": [
      {"type": "mcp", "port": 8081, "tools": [{"name": "t", "call": "a.b",
        "hints": {"readOnly": false, "openWorld": true}, "tags": ["x"]}]}]}}]]
    assert.same({}, lines)
    local tool = file.capability.exposes[1].tools[1]
    assert.equal(8081, file.capability.exposes[1].port)
    assert.is_false(tool.hints.readOnly)
    assert.is_true(tool.hints.openWorld)
    assert.same({ "x" }, tool.tags)
    assert.equal("exposes[mcp].tools[t]", tool.where)
    assert.equal(2, tool.places.call.line)
  end)

  it("takes a map for a list whose members have names", function()
    local file, lines = read [[{"capability": {"consumes": {}, "exposes": {
      "x": {"type": "mcp", "tools": {"t": {"call": "a.b"}}}}}}]]
    assert.same({}, lines)
    assert.equal("t", file.capability.exposes[1].tools[1].name)
  end)

  it("says what is of another kind, is missing or unknown", function()
    local _, lines = read [[{"naftiko": {}, "info": "x", "capability":
      {"consumes": "x", "exposes": [{"type": "mcp", "port": "0",
      "tools": [{"hints": {"readOnly": "yes"}, "cal": 1, "steps": []}, {}]
      }]}}]]
    assert.same({
      "f:1:2: naftiko must be a text",
      "f:1:17: info must be a map",
      "f:2:8: consumes must be a list or a map",
      "f:2:53: exposes[mcp].port must be a port from 1 to 65535",
      "f:3:17: exposes[mcp].tools[1] has no 'name'",
      "f:3:28: exposes[mcp].tools[1].hints.readOnly must be true or false",
      "f:3:48: unknown key 'cal' in exposes[mcp].tools[1]; did you mean "
        .. "'call'?",
      "f:3:58: 'steps' is not supported, in exposes[mcp].tools[1]: steps are "
        .. "not run: an operation calls one operation (call)",
      "f:3:72: exposes[mcp].tools[2] has no 'name'",
      "f:3:72: exposes[mcp].tools[2] has no 'call'",
    }, lines)
  end)

  it("has one word for one thing", function()
    local _, lines = read [[{"info": {"title": "a", "label": "b"},
      "capability": {"consumes": [], "exposes": []}}]]
    assert.same({ "f:1:25: 'label' stands beside another word for the same, "
      .. "in info" }, lines)
  end)
end)
