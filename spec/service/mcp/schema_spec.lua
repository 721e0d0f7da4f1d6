-- schema: what a tool takes and returns.
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local schema = require "equinix.service.mcp.schema"

local FIELDS = {
  { name = "client_id", type = "string", description = "Who." },
  { name = "kind", type = "string", enum = { "a", "b" },
    description = "What." },
  { name = "seconds", type = { "string", "number" }, description = "Long." },
  { name = "count", type = "integer", description = "Many." },
  { name = "any", description = "Anything." },
}

describe("a schema", function()
  local open = schema.new(FIELDS, { required = { "client_id" } })
  local closed = schema.new(FIELDS, { closed = true })

  local function complaint(which, text)
    return which:complaint(json_text.members(text))
  end

  it("is JSON Schema", function()
    assert.same({
      type = "object",
      required = { "client_id" },
      properties = {
        client_id = { type = "string", description = "Who." },
        kind = { type = "string", enum = { "a", "b" },
          description = "What." },
        seconds = { anyOf = { { type = "string" }, { type = "number" } },
          description = "Long." },
        count = { type = "integer", description = "Many." },
        any = { description = "Anything." },
      },
    }, json.decode(open:text()))
    assert.is_false(json.decode(closed:text()).additionalProperties)
    assert.is_nil(json.decode(closed:text()).required)
    assert.equal('{"additionalProperties":false,"properties":{},'
      .. '"type":"object"}', schema.new({}, { closed = true }):text())
  end)

  it("finds nothing wrong with what fits", function()
    for _, text in ipairs { "{}", '{"client_id":"x"}', '{"client_id":""}',
      '{"kind":"a"}', '{"seconds":"1"}', '{"seconds":1.5}', '{"count":-1}',
      '{"any":[]}', '{"any":1}', '{"client_id":null}', '{"kind":null}' } do
      assert.is_nil(complaint(closed, text), text)
    end
  end)

  it("says what is wrong with what does not", function()
    for text, words in pairs {
      ['{"client_id":1}'] = "client_id must be of type string",
      ['{"client_id":[]}'] = "client_id must be of type string",
      ['{"client_id":{}}'] = "client_id must be of type string",
      ['{"kind":"c"}'] = "kind must be one of a, b",
      ['{"kind":1}'] = "kind must be of type string",
      ['{"seconds":true}'] = "seconds must be of type string or number",
      ['{"count":1.0}'] = "count must be of type integer",
      ['{"clientid":"x"}'] =
        "unknown argument clientid; did you mean client_id?",
      ['{"xyzzyx":"x"}'] = "unknown argument xyzzyx",
    } do
      assert.equal(words, complaint(closed, text))
    end
    assert.equal("client_id is missing", complaint(open, "{}"))
    assert.equal("client_id is missing", complaint(open,
      '{"client_id":null}'))
  end)

  it("shows no value, and no name that may be one", function()
    for _, text in ipairs { '{"client_id":["s3cret"]}', '{"kind":"s3cret"}',
      '{"s3cret/and more":1}', '{"' .. ("s3cret"):rep(20) .. '":1}',
      '{"s3cret\\n":1}' } do
      assert.is_nil(complaint(closed, text):find("s3cret", 1, true), text)
    end
  end)

  it("leaves other names alone unless it is closed", function()
    assert.is_nil(complaint(open, '{"client_id":"x","other":1}'))
  end)

  it("keeps the members that fit, and says whether those are all",
    function()
      local members = { client_id = '"x"', count = "1", other = "{}" }
      local fitting, all = open:fitting(members)
      assert.same(members, fitting)
      assert.is_true(all)
      fitting, all = open:fitting { client_id = '"x"', count = "null",
        kind = "7" }
      assert.same({ client_id = '"x"' }, fitting)
      assert.is_false(all)
      assert.is_nil((open:fitting { client_id = "null" }))
      assert.is_nil((open:fitting {}))
    end)
end)
