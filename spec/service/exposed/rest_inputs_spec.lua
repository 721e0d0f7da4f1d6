-- rest_inputs: what a caller of a REST route sent, as values.
local rest_inputs = require "equinix.service.exposed.rest_inputs"

local INPUTS = {
  { name = "id", place = "path", required = true },
  { name = "n", place = "query", type = "integer" },
  { name = "f", place = "query", type = "number" },
  { name = "b", place = "query", type = "boolean" },
  { name = "list", place = "query", type = "array" },
  { name = "ints", place = "query", type = "array", items = "integer" },
  { name = "o", place = "query", type = "object" },
  { name = "kind", place = "query", enum = { "x", "y" } },
  { name = "X-H", place = "header" },
  { name = "member", place = "body", type = "object" },
}

local function read(options)
  return rest_inputs.new(options.inputs or INPUTS):read({ "id" },
    { options.segment or "7" }, { query = options.query,
      headers = options.headers or {} }, options.body or "")
end

describe("the inputs of a route", function()
  it("become JSON of their types", function()
    assert.same({
      id = '"a b?\195\169"', n = "-12", f = "1.50e3", b = "true",
      list = '["a,b","c d",""]', ints = "[1,2]", o = '{"a":[]}', kind = '"x"',
      ["X-H"] = '"v"', member = '{"x":1.0}',
    }, read { segment = "a%20b%3f%C3%A9", query = "n=-12&&f=1.50e3&b=true&"
      .. "list=a,b&ints=1&list=c+d&ints=2&o=%7B%22a%22:[]%7D&kind=x&list=",
      headers = { ["x-h"] = "v" }, body = '{"member":{"x":1.0}}' })
    assert.same({ id = '""' }, read { segment = "" })
  end)

  it("are refused with a text that names them", function()
    for query, named in pairs {
      ["n=1.5"] = "n must be of type integer", ["n="] = "n must be",
      ["f=0x10"] = "f must be of type number", ["f=NaN"] = "f must be",
      ["b=1"] = "b must be of type boolean", ["o=[]"] = "o must be",
      ["ints=a"] = "ints must be", ["kind=z"] = "kind must be one of x, y",
      ["kind=x&kind=y"] = "kind is given twice", ["h=1"] = "understood: h",
      ["N=1"] = "understood: N (did you mean n?)", ["n=%zz"] = "no escape",
      ["kind=%ff"] = "kind must be of type string, in UTF-8",
      ["=1"] = "a name that is not known here", ["id=8"] = "understood: id",
      ["secret%20value=1"] = "a name that is not known here",
    } do
      local given, message = read { query = query }
      assert.is_nil(given, query)
      assert.is_truthy(message:find(named, 1, true), query .. ": " .. message)
      assert.is_nil(message:find("secret value", 1, true))
    end
    for _, segment in ipairs { "%", "%f", "%ff" } do
      assert.is_truthy(select(2, read { segment = segment })
        :find("^id must be"))
    end
  end)

  it("have a body of known members, each once", function()
    for body, named in pairs { ["[]"] = "must be a JSON object",
      ["1"] = "must be a JSON object", ['{"a":1,"a":1}'] = "duplicate name",
      ["{"] = "not valid JSON", ['{"membr":1}'] = "did you mean member?",
      ['{"member":1}'] = "member must be of type object" } do
      local given, message = read { body = body }
      assert.is_nil(given, body)
      assert.is_truthy(message:find(named, 1, true), message)
    end
    assert.same({ id = '"7"', member = "null" },
      read { body = '{"member":null}' })
  end)

  it("may be the whole body, of any type", function()
    local inputs = { INPUTS[1], { name = "body", place = "body",
      type = "string", whole = true, required = true } }
    for _, body in ipairs { '{ "a":1 }', "[1]", '"x"' } do
      assert.equal(body, read { inputs = inputs, body = body }.body)
    end
    assert.equal("body is missing", select(2, read { inputs = inputs }))
  end)
end)
