-- exposed_tool: an operation of a capability as a tool. Real answers are in
-- spec/serve/capability_answers_spec.lua.
local capability = require "spec.support.capability_parts"
local mcp = require "spec.support.mcp"
local scripted = require "spec.support.scripted"

local PARTS = {
  operations = {
    { name = "get", method = "GET", path = "/api/{id}" },
    { name = "token", method = "POST", path = "/oauth2/v1/token" },
  },
  tools = {
    { name = "get", call = "get", label = "Get", description = "Gets one.",
      hints = { readOnly = true, openWorld = false }, inputs = {
        { name = "id", type = "string", description = "Which one." } } },
    { name = "names", call = "get",
      output = { { type = "array", mapping = "$.data[*].name" } } },
    { name = "token", call = "token" },
  },
}

local function made(responses, options)
  table.insert(responses, 1, scripted.token "the-token-of-this-spec")
  local client, transport = scripted.client(responses)
  options = options or {}
  options.plan, options.client = capability.plan(PARTS), client
  return mcp.new(options), transport
end

describe("a tool of a capability", function()
  it("is listed with what the file says, and no more", function()
    local tools = made({}):result "tools/list".tools
    assert.equal(3, #tools)
    assert.same({ readOnlyHint = true, openWorldHint = false },
      tools[1].annotations)
    assert.equal("Gets one.", tools[1].description)
    assert.is_nil(tools[1].outputSchema)
    assert.same({ type = "object", additionalProperties = false,
      required = { "id" }, properties = { id = { type = "string",
        description = "Which one." } } }, tools[1].inputSchema)
    assert.is_nil(tools[2].annotations)
    assert.is_table(tools[3].outputSchema)
  end)

  it("returns Equinix's text, and an object also as one", function()
    local server = made { scripted.json(200, '{"a":1.0}'),
      scripted.json(200, "[1.0]"), scripted.json(200, '{"a":1,"a":2}') }
    local result = server:call("get", { id = "7" })
    assert.equal('{"a":1.0}', result.content[1].text)
    assert.equal(1, result.structuredContent.a)
    result = server:call("get", { id = "7" })
    assert.equal("[1.0]", result.content[1].text)
    assert.is_nil(result.structuredContent)
    -- Not every parser reads this alike.
    result = server:call("get", { id = "7" })
    assert.equal('{"a":1,"a":2}', result.content[1].text)
    assert.is_nil(result.structuredContent)
  end)

  it("returns what is mapped", function()
    local server = made { scripted.json(200, '{"data":[{"name":"x"},{}]}') }
    assert.equal('["x",null]', server:call("names", { id = "7" }).content[1]
      .text)
  end)

  it("says what went wrong, and sends nothing for bad arguments", function()
    local server, transport = made { scripted.json(500, {}) }
    for _, arguments in ipairs { {}, { id = 7 }, { id = "a/b" },
      { id = "x", more = 1 } } do
      local result = server:call("get", arguments)
      assert.is_true(result.isError)
      assert.is_truthy(result.content[1].text:find "^get: ")
    end
    assert.equal(0, #transport.sent)
    assert.is_true(server:call("get", { id = "7" }).isError)
  end)

  it("returns no more than an agent can use", function()
    local server = made { scripted.json(200,
      '"' .. ("x"):rep(1024 * 1024) .. '"') }
    assert.is_truthy(server:call("get", { id = "7" }).content[1].text
      :find "more than 1 MiB")
  end)

  it("stands beside equinix_request only where an agent gets handles",
    function()
      local server = made({}, { exposure = "handle" })
      local names = {}
      for i, tool in ipairs(server:result "tools/list".tools) do
        names[i] = tool.name
      end
      assert.same({ "get", "names", "token", "equinix_request" }, names)
      local plan = capability.plan { operations = { PARTS.operations[1] },
        tools = { PARTS.tools[1] } }
      server = mcp.new { plan = plan, client = scripted.client {},
        exposure = "handle" }
      assert.equal(1, #server:result "tools/list".tools)
      assert.equal("Tools of a spec.", server:result("initialize",
        { protocolVersion = "2025-06-18" }).instructions)
    end)
end)
