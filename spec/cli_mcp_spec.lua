-- cli/mcp: `equinix-auth mcp`, the server over standard input and output.
local agent = require "spec.support.agent"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.json"
local mcp = require "spec.support.mcp"
local process = require "spec.support.process"

local TOKEN = "POST /oauth2/v1/token"

describe("equinix-auth mcp", function()
  local e, a
  setup(function()
    e = emulator.start { plain = true }
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
  end)

  local function start(words, changes)
    a = agent.start(words, { env = command.env(e, changes) })
    return a
  end

  it("answers line by line, and asks for a token when a tool is called",
    function()
      start()
      local hello = a:ask("initialize", { protocolVersion = "2025-06-18" })
      assert.equal("2025-06-18", hello.result.protocolVersion)
      a:say '{"jsonrpc":"2.0","method":"notifications/initialized"}'
      assert.equal(2, #a:ask "tools/list".result.tools)
      assert.equal(0, e:count(TOKEN))
      local token = a:call "getoauth2accesstoken".structuredContent
      assert.equal(200, e:send("GET", "/fabric/v4/health", { headers = {
        { "Authorization", "Bearer " .. token.access_token } } }).status)
      assert.equal(token.access_token, a:call("getoauth2accesstoken",
        {}).structuredContent.access_token)
      assert.equal(1, e:count(TOKEN))
      assert.equal(0, a:stop())
    end)

  it("says nothing and leaves nothing when it is only tried", function()
    start()
    assert.equal(0, a.process:stop())
    assert.equal("", a.process:stdout())
    assert.equal("", a.process:stderr())
    assert.equal("", process.capture("ls -A " .. a.dir))
    start({}, { EQUINIX_API_CLIENTID = false })
    a:ask("server/discover", mcp.modern())
    a:ask "tools/list"
    assert.equal("", process.capture("ls -A " .. a.dir))
    assert.equal("", a.process:stderr())
    assert.equal(0, e:count(TOKEN))
  end)

  it("takes CRLF, blank lines, half lines and a last line without an end",
    function()
      start()
      a:say("\n\r\n  \n" .. mcp.message("ping", nil, 1) .. "\r\n"
        .. mcp.message("ping", nil, 2):sub(1, 20), true)
      assert.equal(1, a:hear().id)
      a:say(mcp.message("ping", nil, 2):sub(21) .. "\n"
        .. mcp.message("ping", nil, 3), true)
      assert.equal(2, a:hear().id)
      assert.equal(0, a:stop())
      assert.equal('{"id":3,"jsonrpc":"2.0","result":{}}\n', a:rest())
    end)

  it("answers broken lines with -32700 and id null, and goes on", function()
    start()
    for _, text in ipairs { "{", "x", '{"a":1}x', "\255", "\0" } do
      a:say(text)
      local answer = a:hear()
      assert.equal(-32700, answer.error.code)
      assert.equal(json.null, answer.id)
    end
    assert.same({}, a:ask "ping".result)
  end)

  it("bounds a line, and reads the next one", function()
    start()
    a:say(("x"):rep(3 * 1024 * 1024))
    assert.equal(-32700, a:hear().error.code)
    a:say(mcp.message "ping" .. (" "):rep(1024 * 1024))
    assert.equal(-32700, a:hear().error.code)
    assert.same({}, a:ask "ping".result)
  end)

  it("answers no request that was called off, before or meanwhile",
    function()
      e:config { token_latency = 1 }
      start()
      local function cancel(id)
        return mcp.message("notifications/cancelled", { requestId = id },
          false)
      end
      local function call(id)
        return mcp.message("tools/call", { name = "getoauth2accesstoken" },
          id)
      end
      a:say(call(1))
      -- The store is opened and locked right before the token is asked for.
      assert(process.eventually(function()
        return process.capture("ls -A " .. a.dir) ~= ""
      end))
      a:say(cancel(1) .. "\n" .. call "1" .. "\n" .. call "x" .. "\n"
        .. cancel "x" .. "\n" .. mcp.message("ping", nil, 4))
      assert.equal("1", a:hear().id)
      assert.equal(4, a:hear().id)
      a:stop()
      assert.equal("", a:rest())
    end)

  it("never calls initialize off", function()
    start()
    a:say(mcp.message("initialize", { protocolVersion = "2025-06-18" }, 1)
      .. "\n" .. mcp.message("notifications/cancelled", { requestId = 1 },
      false))
    assert.equal(1, a:hear().id)
  end)

  it("has batches where initialize agreed on 2025-03-26, or on nothing",
    function()
      local batch = "[" .. mcp.message("ping", nil, 7) .. "]"
      start()
      a:say(batch)
      assert.equal(7, a:hear()[1].id)
      a:ask("initialize", { protocolVersion = "2025-11-25" })
      a:say(batch)
      assert.equal(-32600, a:hear().error.code)
      a:ask("initialize", { protocolVersion = "2025-03-26" })
      a:say(batch)
      assert.equal(7, a:hear()[1].id)
    end)

  it("ends at the end of its input with 0, and when it is told to",
    function()
      start()
      assert.equal(0, a:stop())
      start()
      a:ask "ping"
      a.process:signal "TERM"
      assert(process.eventually(function()
        return not a.process:alive()
      end))
    end)

  it("ends when nobody reads its answers", function()
    local _, code = process.capture("printf '%s\\n' "
      .. process.quote(mcp.message "ping") .. " | timeout 20 "
      .. "bin/equinix-auth mcp >/dev/full")
    assert.equal(1, code)
  end)

  it("tells a tool's caller what is wrong with the settings, and not before",
    function()
      start({}, { EQUINIX_API_CLIENTSECRET = false })
      assert.equal(2, #a:ask "tools/list".result.tools)
      local result = a:call "getoauth2accesstoken"
      assert.is_true(result.isError)
      assert.matches("EQUINIX_API_CLIENTSECRET", result.content[1].text)
    end)

  it("needs no credentials for a caller who brings his own", function()
    start({}, { EQUINIX_API_CLIENTSECRET = false,
      EQUINIX_API_CLIENTID = false })
    local result = a:call("getoauth2accesstoken", {
      grant_type = "client_credentials", client_id = e.client_id,
      client_secret = e.client_secret })
    assert.is_string(result.structuredContent.access_token)
  end)

  it("shows no token with --token-exposure handle", function()
    start { "--token-exposure", "handle" }
    local token = a:call "getoauth2accesstoken".structuredContent
    assert.matches("^eqh_", token.token_handle)
    local result = a:call("equinix_request", { method = "GET",
      path = "/fabric/v4/metros", token_handle = token.token_handle })
    assert.equal(200, result.structuredContent.status)
    local code, out = command.run({ "token" }, { env = command.env(e,
      { XDG_RUNTIME_DIR = a.dir }) })
    assert.equal(0, code)
    assert.is_nil(a.process:stdout():find(out:match "%w+", 1, true))
    assert.is_nil(a.process:stdout():find(e.client_secret, 1, true))
  end)

  it("allows more where it is told to", function()
    start { "--token-exposure", "handle", "--allow",
      "POST /fabric/v4/connections/search" }
    local token = a:call "getoauth2accesstoken".structuredContent
    local result = a:call("equinix_request", { method = "POST",
      path = "/fabric/v4/connections/search", body = {
        filter = { ["and"] = json.empty_array } },
      token_handle = token.token_handle })
    assert.equal(200, result.structuredContent.status,
      result.content[1].text)
  end)

  it("takes what it can't be told for a mistake: 2", function()
    for _, words in ipairs { { "--token-exposure", "none" },
      { "--allow", "GET /oauth2/" }, { "--allow", "x" }, { "x" } } do
      table.insert(words, 1, "mcp")
      local code, out = command.run(words)
      assert.equal(2, code)
      assert.equal("", out)
    end
  end)
end)
