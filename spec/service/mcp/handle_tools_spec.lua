-- handle_tools: the tools where the agent sees no token; with the real service
-- and the emulator.
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local mcp = require "spec.support.mcp"
local service = require "equinix.service.token_service"

describe("the exposure `handle`", function()
  local e, client, server
  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    client = assert(equinix.new { base_url = e.base_url,
      client_id = e.client_id, client_secret = e.client_secret,
      user_name = e.user_name, user_password = e.user_password,
      grant = "password" })
    client:forget()
    server = mcp.new { service = service.new(client), client = client,
      exposure = "handle" }
  end)
  after_each(function()
    client:close()
  end)
  teardown(function()
    e:stop()
  end)

  local function request(token_handle, path, query)
    return server:call("equinix_request", { method = "GET", path = path,
      query = query, token_handle = token_handle })
  end

  it("returns a handle and no secret from both operations", function()
    for _, name in ipairs { "getoauth2accesstoken",
      "refreshoauth2accesstoken" } do
      local line = server:line(mcp.message("tools/call",
        { name = name }))
      local token = assert(client:token())
      assert.is_string(token.refresh_token)
      assert.is_nil(line:find(token.access_token, 1, true))
      assert.is_nil(line:find(token.refresh_token, 1, true))
      assert.is_nil(line:find(e.client_secret, 1, true))
      local object = server:call(name).structuredContent
      assert.matches("^eqh_%x+$", object.token_handle)
      assert.equal("Bearer", object.token_type)
      assert.is_string(object.token_timeout)
      assert.is_nil(object.access_token)
      assert.is_nil(object.refresh_token)
    end
  end)

  it("accepts no arguments for them, so no secret either", function()
    for _, tool in ipairs(server:result "tools/list".tools) do
      for name in pairs(tool.inputSchema.properties) do
        assert.is_nil(name:find "secret")
        assert.is_nil(name:find "password")
      end
      assert.is_false(tool.inputSchema.additionalProperties)
    end
    for _, arguments in ipairs { { client_id = "a", client_secret = "b" },
      { refresh_token = "c" }, { grant_type = "client_credentials" } } do
      local result = server:call("getoauth2accesstoken", arguments)
      assert.is_true(result.isError)
    end
    assert.equal(0, e:count "POST /oauth2/v1/token")
  end)

  it("calls the API with that handle", function()
    local token = server:call("getoauth2accesstoken").structuredContent
    local result, words = request(token.token_handle, "/fabric/v4/metros",
      { limit = 2 })
    assert.is_nil(result.isError, words)
    assert.equal(2, #result.structuredContent.body.data)
    assert.equal(1, e:count "POST /oauth2/v1/token")
    result = request(token.token_handle, "/oauth2/v1/userinfo")
    assert.is_true(result.isError)
    assert.equal(0, e:count "GET /oauth2/v1/userinfo")
  end)

  it("refuses a handle after its token is renewed", function()
    local old = server:call("getoauth2accesstoken").structuredContent
    assert(client:refresh())
    local new = server:call("getoauth2accesstoken").structuredContent
    assert.is_true(request(old.token_handle, "/fabric/v4/health").isError)
    assert.is_nil(request(new.token_handle, "/fabric/v4/health").isError)
  end)

  it("has a third tool, and explains how to use them",
    function()
      assert.equal("equinix_request",
        server:result "tools/list".tools[3].name)
      assert.is_nil(mcp.new():result "tools/list".tools[3])
      assert.matches("token_handle", server:result("initialize",
        { protocolVersion = "2025-11-25" }).instructions)
    end)

  it("keeps the operations' names, titles and hints", function()
    local raw, list = mcp.new():result "tools/list".tools,
      server:result "tools/list".tools
    for i = 1, 2 do
      for _, name in ipairs { "name", "title" } do
        assert.equal(raw[i][name], list[i][name])
      end
      assert.same(raw[i].annotations, list[i].annotations)
    end
  end)

  it("accepts the handles of another worker", function()
    local other = mcp.new { service = service.new(client), client = client,
      exposure = "handle" }
    local token = other:call("getoauth2accesstoken").structuredContent
    assert.is_nil(request(token.token_handle, "/fabric/v4/health").isError)
  end)

  it("refuses an invalid rule", function()
    assert.has_error(function()
      mcp.new { exposure = "handle", allow = { "GET /oauth2/" } }
    end)
  end)
end)
