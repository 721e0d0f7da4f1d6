-- mcp: `equinix-auth mcp`, the server over standard input and output.
local agent = require "spec.support.agent"
local command = require "spec.support.command"
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

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

  it("answers line by line, and requests a token when a tool is called",
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

  it("writes nothing and leaves nothing when no tool is called", function()
    start()
    assert.equal(0, a.process:stop())
    assert.equal("", a.process:stdout())
    assert.equal("", a.process:stderr())
    assert.equal("", process.capture("ls -A " .. a.dir))
    start({}, { EQUINIX_API_CLIENTID = false })
    a:ask("server/discover", mcp.params_2026())
    a:ask "tools/list"
    assert.equal("", process.capture("ls -A " .. a.dir))
    assert.equal("", a.process:stderr())
    assert.equal(0, e:count(TOKEN))
  end)

  it("accepts CRLF, blank lines, half lines and a last line without an end",
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

  it("answers invalid lines with -32700 and id null, and continues",
    function()
      start()
      for _, text in ipairs { "{", "x", '{"a":1}x', "\255", "\0" } do
        a:say(text)
        local response = a:hear()
        assert.equal(-32700, response.error.code)
        assert.equal(json.null, response.id)
      end
      assert.same({}, a:ask "ping".result)
    end)

  it("limits the length of a line, and reads the next one", function()
    start()
    a:say(("x"):rep(6 * 1024 * 1024))
    assert.equal(-32700, a:hear().error.code)
    a:say(mcp.message "ping" .. (" "):rep(1024 * 1024))
    assert.equal(-32700, a:hear().error.code)
    assert.same({}, a:ask "ping".result)
  end)

  it("does not answer a request that was cancelled, in flight or before",
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
      -- The store is opened and locked right before the token is requested.
      assert(process.eventually(function()
        return process.capture("ls -A " .. a.dir) ~= ""
      end))
      a:say(cancel(1) .. "\n" .. call "1" .. "\n" .. call "x" .. "\n"
        .. cancel "x" .. "\n" .. mcp.message("ping", nil, 4))
      assert.equal(4, a:hear().id)
      assert.equal("1", a:hear().id)
      a:stop()
      assert.equal("", a:rest())
    end)

  it("does not cancel initialize", function()
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

  it("ends with 0 at the end of its input, and after TERM",
    function()
      start()
      assert.equal(0, a:stop())
      start()
      a:ask "ping"
      a.process:signal "TERM"
      assert.equal(0, a.process:wait())
    end)

  it("ends with 1 when its output is closed", function()
    local _, code = process.capture("printf '%s\\n' "
      .. process.quote(mcp.message "ping") .. " | timeout 300 "
      .. "bin/equinix-auth mcp >/dev/full")
    assert.equal(1, code)
  end)

  it("reports what is wrong with the settings when a tool is called",
    function()
      start({}, { EQUINIX_API_CLIENTSECRET = false })
      assert.equal(2, #a:ask "tools/list".result.tools)
      local result = a:call "getoauth2accesstoken"
      assert.is_true(result.isError)
      assert.matches("EQUINIX_API_CLIENTSECRET", result.content[1].text)
    end)

  it("needs no credentials for a caller that sends its own", function()
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

  it("allows more with --allow", function()
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

  it("ends with 2 for wrong options", function()
    for _, words in ipairs { { "--token-exposure", "none" },
      { "--allow", "GET /oauth2/" }, { "--allow", "x" }, { "x" } } do
      table.insert(words, 1, "mcp")
      local code, out = command.run(words)
      assert.equal(2, code)
      assert.equal("", out)
    end
  end)

  -- So many responses, by their ids, in any order.
  local function responses(n)
    local found = {}
    for _ = 1, n do
      local response = a:hear()
      assert.is_nil(found[response.id])
      found[response.id] = response
    end
    return found
  end

  -- Lines that call a tool, with the ids 1 to n.
  local function calls(n, name, arguments)
    local list = {}
    for i = 1, n do
      list[i] = mcp.message("tools/call", { name = name,
        arguments = arguments }, i)
    end
    return table.concat(list, "\n")
  end

  it("requests one token for 20 calls at once, in success and failure",
    function()
      for _, words in ipairs { {}, { "--no-store" } } do
        e:reset()
        e:config { token_latency = 0.2 }
        start(words)
        a:say(calls(20, "getoauth2accesstoken"))
        local tokens = {}
        for _, response in pairs(responses(20)) do
          tokens[response.result.structuredContent.access_token] = true
        end
        assert.is_nil(next(tokens, (next(tokens))))
        assert.equal(1, e:count(TOKEN))
        a:say(calls(20, "refreshoauth2accesstoken"))
        for _, response in pairs(responses(20)) do
          assert.is_string(response.result.structuredContent.access_token)
        end
        assert.equal(2, e:count(TOKEN))
        a:stop()
        e:reset()
        e:config { token_latency = 0.2, status = 503 }
        start(words)
        a:say(calls(20, "getoauth2accesstoken"))
        for _, response in pairs(responses(20)) do
          assert.is_true(response.result.isError)
        end
        assert.equal(1, e:count(TOKEN))
        a:stop()
      end
    end)

  it("sends the same credentials of several calls at once one time", function()
    e:config { token_latency = 0.2 }
    start()
    a:say(calls(5, "getoauth2accesstoken", { client_id = e.client_id,
      client_secret = e.client_secret, grant_type = "client_credentials" }))
    for _, response in pairs(responses(5)) do
      assert.is_string(response.result.structuredContent.access_token)
    end
    assert.equal(1, e:count(TOKEN))
  end)

  it("answers all calls in flight when its input ends", function()
    e:config { token_latency = 0.2 }
    start()
    a:say(calls(5, "getoauth2accesstoken"))
    a:say(mcp.message("ping", nil, 6))
    assert.equal(0, a:stop())
    local ids = {}
    for line in a:rest():gmatch "[^\n]+" do
      local response = json.decode(line)
      ids[response.id] = response.result ~= nil and not response.result.isError
    end
    assert.same({ true, true, true, true, true, true }, ids)
    assert.equal(1, e:count(TOKEN))
  end)
end)

-- An Equinix that responds when the spec allows it. /hold: token requests wait
-- until /release. /fabric/v4/lost is never answered, /fabric/v4/gone when the
-- client of that has hung up.
local EQUINIX = [[
  local c = ...
  local share = c.share
  for request in function() return c:request() end do
    local path, response = request.path, "{}"
    if path == "/hold" then
      share.hold = true
    elseif path == "/release" then
      share.hold = false
    elseif path == "/oauth2/v1/token" then
      while share.hold do
        c:sleep(0.005)
      end
      response = '{"access_token":"the-token","token_timeout":"3600",'
        .. '"token_type":"Bearer","user_name":"u"}'
    elseif path == "/fabric/v4/lost" then
      c:hangup()
      share.gone = true
      return
    end
    while path == "/fabric/v4/gone" and not share.gone do
      c:sleep(0.005)
    end
    c:send(c.ok(response, "Content-Type: application/json\r\n"))
  end
]]

describe("equinix-auth mcp, while a call is in flight", function()
  local server, http, a, dir

  before_each(function()
    server = rawserver.start(EQUINIX)
    http = core.http()
  end)
  after_each(function()
    assert(http:send({ method = "GET", url = server.url .. "/release" }, 60))
    if a then
      a:stop()
      a = nil
    end
    http:close()
    server:stop()
    if dir then
      process.remove(dir)
      dir = nil
    end
  end)

  local function tell(path)
    assert(http:send({ method = "GET", url = server.url .. path }, 60))
  end

  -- How often the server has read a request of that path.
  local function count(path)
    local n = 0
    for _, request in ipairs(server:requests()) do
      n = n + (request.path == path and 1 or 0)
    end
    return n
  end

  local function wait_for(path)
    assert(process.eventually(function()
      return count(path) > 0
    end), "there was no request of " .. path)
  end

  local ENV = { base_url = "", client_id = "id",
    client_secret = "a-secret-of-some-length" }

  local function start(words, changes)
    ENV.base_url = server.url
    a = agent.start(words, { env = command.env(ENV, changes) })
  end

  local function call(id, name, arguments)
    return mcp.message("tools/call", { name = name or "getoauth2accesstoken",
      arguments = arguments }, id)
  end

  local function cancel(id)
    return mcp.message("notifications/cancelled", { requestId = id }, false)
  end

  -- One with a call whose token request was read and is held.
  local function held(changes)
    tell "/hold"
    start({}, changes)
    a:say(call(1))
    wait_for "/oauth2/v1/token"
  end

  it("answers what needs no network", function()
    held()
    assert.same({}, a:ask("ping", nil, 2).result)
    assert.equal(2, #a:ask("tools/list", nil, 3).result.tools)
    assert.equal("2025-03-26", a:ask("initialize", {
      protocolVersion = "2025-03-26" }, 4).result.protocolVersion)
    a:say "x"
    assert.equal(-32700, a:hear().error.code)
    tell "/release"
    local response = a:hear()
    assert.equal(1, response.id)
    assert.equal("the-token", response.result.structuredContent.access_token)
  end)

  it("answers a batch as a whole, and others meanwhile", function()
    held()
    a:ask("initialize", { protocolVersion = "2025-03-26" }, 2)
    a:say("[" .. mcp.message("ping", nil, 3) .. "," .. call(4) .. "]")
    assert.same({}, a:ask("ping", nil, 5).result)
    tell "/release"
    local first, second = a:hear(), a:hear()
    local batch = first.id and second or first
    assert.equal(3, batch[1].id)
    assert.equal("the-token",
      batch[2].result.structuredContent.access_token)
    assert.equal(1, (first.id and first or second).id)
    assert.equal(1, count "/oauth2/v1/token")
  end)

  it("finishes it after TERM, reads no more, and ends with 0",
    function()
      held()
      a.process:signal "TERM"
      a:say(mcp.message("ping", nil, 2))
      tell "/release"
      assert.equal(0, a.process:wait())
      local response = a:hear()
      assert.equal(1, response.id)
      assert.equal("the-token", response.result.structuredContent.access_token)
      assert.equal("", a:rest())
    end)

  it("ends at once at the second TERM", function()
    held()
    -- Two that come together may count as one.
    assert(process.eventually(function()
      a.process:signal "TERM"
      return a.process:code()
    end))
    assert.equal(143, a.process:code())
    assert.equal("", a:rest())
  end)

  it("ends with 0 when that takes longer than 10 s", function()
    held()
    a.process:signal "TERM"
    assert.equal(0, a.process:wait(60))
    assert.equal("", a:rest())
  end)

  it("aborts a GET that is cancelled", function()
    start { "--token-exposure", "handle" }
    local handle = a:call "getoauth2accesstoken".structuredContent.token_handle
    local function get(id, path)
      a:say(call(id, "equinix_request", { method = "GET",
        path = "/fabric/v4/" .. path, token_handle = handle }))
    end
    get(2, "first")
    assert.equal(2, a:hear().id)
    get(3, "lost")
    wait_for "/fabric/v4/lost"
    assert.same({}, a:ask("ping", nil, 4).result)
    a:say(cancel(3))
    -- Answered when the other's connection was closed.
    get(5, "gone")
    local response = a:hear()
    assert.equal(5, response.id)
    assert.equal(200, response.result.structuredContent.status)
    assert.equal(0, a:stop())
    assert.equal("", a:rest())
    assert.equal(1, count "/fabric/v4/lost")
  end)

  it("continues a token request for the others when its caller cancels",
    function()
      held()
      a:say(call(2) .. "\n" .. cancel(1) .. "\n"
        .. mcp.message("ping", nil, 3))
      assert.equal(3, a:hear().id)
      tell "/release"
      local response = a:hear()
      assert.equal(2, response.id)
      assert.equal("the-token", response.result.structuredContent.access_token)
      assert.equal(0, a:stop())
      assert.equal("", a:rest())
      assert.equal(1, count "/oauth2/v1/token")
    end)

  it("keeps a token whose caller cancelled for the next process", function()
    dir = process.tempdir()
    held { XDG_RUNTIME_DIR = dir }
    a:say(cancel(1) .. "\n" .. mcp.message("ping", nil, 2))
    assert.equal(2, a:hear().id)
    a.process:signal "TERM"
    tell "/release"
    assert.equal(0, a.process:wait())
    assert.equal("", a:rest())
    local code, out = command.run({ "token" }, { env = command.env(ENV,
      { XDG_RUNTIME_DIR = dir }) })
    assert.equal(0, code)
    assert.equal("the-token\n", out)
    assert.equal(1, count "/oauth2/v1/token")
  end)
end)
