-- capability_file: --capability and --read-only, through the real command; its
-- tools over standard input and output.
local agent = require "spec.support.agent"
local capability = require "spec.support.capability_parts"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local mcp = require "spec.support.mcp"
local process = require "spec.support.process"

local PARTS = {
  operations = {
    { name = "ports", method = "GET", path = "/fabric/v4/ports",
      inputs = { { name = "limit", ["in"] = "query", type = "integer" } } },
    { name = "ship", method = "POST",
      path = "/colocations/v2/orders/shipments",
      inputs = { { name = "body", ["in"] = "body", type = "object" } } },
  },
  tools = { { name = "ports", call = "ports" },
    { name = "ship", call = "ship" } },
}

local TOKEN = "POST /oauth2/v1/token"

describe("equinix-auth mcp --capability", function()
  local e, a, path, remove
  setup(function()
    e = emulator.start { plain = true }
    path, remove = capability.file(PARTS)
  end)
  before_each(function()
    e:reset()
  end)
  after_each(function()
    if a then
      a:stop()
      a = nil
    end
  end)
  teardown(function()
    e:stop()
    remove()
  end)

  local function start(words, changes)
    a = agent.start(words, { env = command.env(e, changes) })
  end

  local function names()
    local list = {}
    for i, tool in ipairs(a:ask "tools/list".result.tools) do
      list[i] = tool.name
    end
    return list
  end

  it("offers the tools of the file, and sends nothing before one is called",
    function()
      start { "--capability", path, "--token-exposure", "handle" }
      local hello = a:ask("initialize", { protocolVersion = "2025-06-18" })
      assert.equal("spec-mcp", hello.result.serverInfo.name)
      assert.equal("Tools of a spec.", hello.result.instructions)
      assert.equal("Tools of a spec.", a:ask("server/discover",
        mcp.params_2026()).result.instructions)
      assert.same({ "ports", "ship" }, names())
      assert.equal("", process.capture("ls -A " .. a.dir))
      assert.equal(0, e:count(TOKEN))
      local result = a:call("ports", { limit = 1 })
      assert.equal("port-0001", result.structuredContent.data[1].name)
      assert.equal(1, e:count(TOKEN))
      assert.is_true(a:call("ship", { body = {} }).isError)
      assert.equal("", a.process:stderr())
    end)

  it("offers only what reads, where that is wanted", function()
    start { "--capability", path, "--read-only" }
    assert.same({ "ports" }, names())
  end)

  it("offers the tools without credentials, and says what is missing",
    function()
      start({ "--capability", path }, { EQUINIX_API_CLIENTID = false })
      assert.same({ "ports", "ship" }, names())
      local result = a:call("ports", {})
      assert.is_true(result.isError)
      assert.equal(0, e:count(TOKEN))
    end)
end)

describe("a capability file that can't be served", function()
  local function run(words)
    local code, out, err = command.run(words)
    assert.equal("", out)
    return code, err
  end

  local function file_of(text)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    finally(function()
      os.remove(path)
    end)
    return path
  end

  it("is reported line by line, with its place, by both commands", function()
    local path = file_of '{"naftiko": "1.0.0-alpha2",\n "nonsense": 1}'
    for _, name in ipairs { "serve", "mcp" } do
      local code, err = run { name, "--capability", path }
      assert.equal(2, code)
      assert.is_truthy(err:find(path .. ":2:", 1, true), err)
    end
  end)

  it("is missing, or lacks what is asked for", function()
    local code, err = run { "mcp", "--capability", "/no/such/file.json" }
    assert.equal(2, code)
    assert.is_truthy(err:find("/no/such/file.json", 1, true), err)
    code, err = run { "mcp", "--read-only" }
    assert.equal(2, code)
    assert.is_truthy(err:find("--read-only needs --capability", 1, true), err)
    local path, remove = capability.file { operations = PARTS.operations,
      routes = { { method = "GET", path = "/ports", call = "ports" } } }
    finally(remove)
    code, err = run { "mcp", "--capability", path }
    assert.equal(2, code)
    assert.is_truthy(err:find("exposes no mcp", 1, true), err)
  end)
end)
