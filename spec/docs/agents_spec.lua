-- What the documents say about agents: each block of docs/mcp.md and the
-- README's configuration is pasted, or read by a client, and leads to a token
-- of the emulator's.
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local npm = require "spec.support.npm"
local readme = require "spec.support.readme"
local serve = require "spec.support.serve"

local missing = serve.missing() or npm.why_not()

local CALLS = {
  { "getoauth2accesstoken", {} },
  { "equinix_request", { method = "GET", path = "/fabric/v4/health",
    token_handle = "$token_handle" } },
}

local CHAPTER = "docs/mcp.md"

describe("the chapter for agents", function()
  local e, s, desk

  setup(function()
    if not missing then
      e = emulator.start { plain = true }
      s = serve.start(e, { "--token-exposure", "handle" })
    end
  end)
  before_each(function()
    if not missing then
      -- The chapter's own variables, and where this Equinix is; agents are not
      -- to look for a newer version of themselves.
      desk = readme.desk({
        EQUINIX_API_ENDPOINT = e.base_url,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1",
        npm_config_offline = "true",
      }, { npm.folder .. "/node_modules/.bin", npm.folder })
      desk:link(npm.folder .. "/node_modules", "node_modules")
    end
  end)
  after_each(function()
    if desk then
      desk:stop()
      desk = nil
    end
  end)
  teardown(function()
    if e then
      s:stop()
      e:stop()
    end
  end)

  local function it_with_agents(name, f)
    it(name, function()
      if missing then
        return pending(missing)
      end
      f()
    end)
  end

  local function with_credentials()
    desk.env.EQUINIX_API_CLIENTID = e.client_id
    desk.env.EQUINIX_API_CLIENTSECRET = e.client_secret
  end

  -- The server's words in a configuration, or its URL.
  local function talk(server)
    local plan = { kind = "sdk", calls = CALLS }
    if server.command then
      plan.command = { server.command,
        (table.unpack or unpack)(server.args) }
    else
      plan.url = server.url
    end
    local seen = npm.talk(plan, desk.env)
    assert.is_nil(seen.error)
    assert.equal(3, #seen.tools)
    assert.equal("HEALTHY", seen.calls[2].structuredContent.body.state)
  end

  local function configured(piece, path)
    local block = readme.block(path or CHAPTER, piece)
    return assert(json.decode(block)).mcpServers.equinix
  end

  it_with_agents("is summed up by a configuration in the README", function()
    with_credentials()
    talk(configured('{ "mcpServers"', "README.md"))
  end)

  it_with_agents("has a configuration for a server over stdio", function()
    local server = configured '"command": "equinix-auth"'
    for name, value in pairs(server.env) do
      desk.env[name] = value
    end
    assert.equal("...", server.env.EQUINIX_API_CLIENTID)
    assert.matches("^/", server.env.EQUINIX_API_CLIENTSECRET_FILE)
    desk.env.EQUINIX_API_CLIENTID = e.client_id
    desk.env.EQUINIX_API_CLIENTSECRET_FILE = desk:write("secret",
      e.client_secret .. "\n")
    talk(server)
  end)

  it_with_agents("has a configuration for a server over HTTP", function()
    local server = configured '"type": "http"'
    assert.equal("http", server.type)
    server.url = readme.put(server.url, "http://127.0.0.1:9090/mcp",
      s.mcp_url)
    talk(server)
  end)

  -- What the agent then has in its own configuration.
  local function added(block)
    local said, code = desk:paste(block)
    assert.equal(0, code, said)
    local text = desk:paste "cat .claude.json"
    return assert(json.decode(text)).projects[desk.dir].mcpServers.equinix
  end

  local function assert_connects()
    local said, code = desk:paste "claude mcp get equinix"
    assert.equal(0, code, said)
    assert.matches("Status: %S+ Connected", said)
  end

  it_with_agents("has a command that adds a server over stdio", function()
    with_credentials()
    local server = added(readme.block(CHAPTER, "claude mcp add equinix --"))
    assert.equal("stdio", server.type)
    assert_connects()
    talk(server)
  end)

  it_with_agents("has a command that adds a server over HTTP", function()
    local block = readme.block(CHAPTER, "claude mcp add --transport http")
    local server = added(readme.put(block, "http://127.0.0.1:9090/mcp",
      s.mcp_url))
    assert.equal("http", server.type)
    assert_connects()
    talk(server)
  end)

  it_with_agents("has lines to try it by hand", function()
    local block = readme.block(CHAPTER, "npx @modelcontextprotocol")
    local said, code = desk:paste(block)
    assert.equal(0, code, said)
    local line, rest = said:match "^([^\n]+)\n(.*)$"
    assert.equal(2, #json.decode(line).result.tools)
    assert.equal(2, #assert(json.decode(rest), rest).tools)
  end)
end)
