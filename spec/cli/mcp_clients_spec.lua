-- mcp with the clients of the MCP project, over stdio and over HTTP, and its
-- conformance suite. Fetched from npm, for the tests only.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local npm = require "spec.support.npm"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing() or npm.why_not()

-- The newer client speaks both protocols; most agents have the older one.
local KINDS = { sdk = "2025-11-25", dated_2025 = "2025-11-25",
  dated_2026 = "2026-07-28" }

describe("MCP's own clients", function()
  local function it_with_clients(name, f)
    it(name, function()
      if missing then
        pending(missing)
        return
      end
      f()
    end)
  end

  local e, raw, handles, env
  setup(function()
    if not missing then
      e = emulator.start { plain = true }
      env = command.env(e)
      for name, value in pairs(command.NONE) do
        if env[name] == nil then
          env[name] = value
        end
      end
      raw = serve.start(e)
      handles = serve.start(e, { "--token-exposure", "handle" })
    end
  end)
  teardown(function()
    if e then
      handles:stop()
      raw:stop()
      e:stop()
    end
  end)

  local ME = process.capture "pwd" .. "/bin/equinix-auth"

  local function talk(kind, transport, calls, handle)
    local plan = { kind = kind, calls = calls }
    if transport == "stdio" then
      plan.command = { ME, "mcp" }
      if handle then
        plan.command = { ME, "mcp", "--token-exposure", "handle" }
      end
    else
      plan.url = (handle and handles or raw).mcp_url
    end
    local seen = npm.talk(plan, env)
    assert.is_nil(seen.error)
    return seen
  end

  local function opens(token)
    return e:send("GET", "/fabric/v4/health", {
      headers = { { "Authorization", "Bearer " .. token } },
    }).status == 200
  end

  for kind, version in pairs(KINDS) do
    for _, transport in ipairs { "stdio", "http" } do
      it_with_clients(("get tokens: %s over %s"):format(kind, transport),
        function()
          local seen = talk(kind, transport, {
            { "getoauth2accesstoken", {} },
            { "refreshoauth2accesstoken", {} },
            { "getoauth2accesstoken", { grant_type = "client_credentials",
              client_id = e.client_id, client_secret = e.client_secret } },
            { "getoauth2accesstoken", { client_id = 1 } },
            { "no_such_tool", {} },
          })
          assert.equal("equinix-mcp", seen.server.name)
          assert.equal(kind ~= "sdk" and version or nil, seen.version)
          assert.matches("getoauth2accesstoken", seen.instructions)
          assert.equal(2, #seen.tools)
          for i = 1, 3 do
            assert.is_true(opens(
              seen.calls[i].structuredContent.access_token))
          end
          assert.is_true(seen.calls[4].isError)
          assert.equal(-32602, seen.calls[5].code)
        end)

      it_with_clients(("use handles: %s over %s"):format(kind, transport),
        function()
          local seen = talk(kind, transport, {
            { "getoauth2accesstoken", {} },
            { "equinix_request", { method = "GET",
              path = "/fabric/v4/metros", query = { limit = 3 },
              token_handle = "$token_handle" } },
            { "equinix_request", { method = "GET",
              path = "/oauth2/v1/userinfo",
              token_handle = "$token_handle" } },
          }, true)
          assert.equal(3, #seen.tools)
          assert.matches("^eqh_",
            seen.calls[1].structuredContent.token_handle)
          assert.equal(200, seen.calls[2].structuredContent.status)
          assert.equal(3, #seen.calls[2].structuredContent.body.data)
          assert.is_true(seen.calls[3].isError)
        end)
    end
  end

  it_with_clients("list and call with the Inspector, without a warning about "
    .. "the schemas", function()
    for _, target in ipairs { { raw.mcp_url, "--transport", "http" },
      { ME, "mcp", "-e", "EQUINIX_API_ENDPOINT=" .. e.base_url,
        "-e", "EQUINIX_API_CLIENTID=" .. e.client_id,
        "-e", "EQUINIX_API_CLIENTSECRET=" .. e.client_secret } } do
      local function inspect(...)
        local words = { (table.unpack or unpack)(target) }
        for _, word in ipairs { ... } do
          words[#words + 1] = word
        end
        return npm.inspect(words)
      end
      local code, response, said = inspect("--method", "tools/list",
        "--strict")
      assert.equal(0, code, said)
      assert.equal(2, #response.tools)
      assert.is_nil(said:find "Warning", said)
      code, response, said = inspect("--method", "tools/call", "--tool-name",
        "getoauth2accesstoken")
      assert.equal(0, code, said)
      assert.is_true(opens(response.structuredContent.access_token))
    end
  end)

  -- Checks that need more than tools: the suite expects diagnostic tools,
  -- prompts and resources of its own.
  local NOT_APPLICABLE = {
    ["sep-2575-server-rejects-undeclared-capability"] = true,
    ["sep-2575-missing-capability-http-400"] = true,
    ["sep-2575-http-server-no-independent-requests-on-stream"] = true,
    ["sep-2575-server-no-log-without-loglevel"] = true,
    ["sep-2549-prompts-list-caching-hints"] = true,
    ["sep-2549-resources-list-caching-hints"] = true,
    ["sep-2549-resources-templates-list-caching-hints"] = true,
  }

  local SCENARIOS = {
    { "server-initialize", "2025-11-25" }, { "ping", "2025-11-25" },
    { "tools-list", "2025-06-18" }, { "tools-list", "2025-11-25" },
    { "dns-rebinding-protection", "2025-11-25" },
    { "server-stateless", "2026-07-28" }, { "tools-list", "2026-07-28" },
    { "caching", "2026-07-28" }, { "http-header-validation", "2026-07-28" },
    { "dns-rebinding-protection", "2026-07-28" },
  }

  for _, scenario in ipairs(SCENARIOS) do
    it_with_clients(("find the server conforming: %s %s"):format(scenario[1],
      scenario[2]), function()
      local checks, output = npm.conform(raw.mcp_url, scenario[1],
        scenario[2])
      local good = 0
      for id, outcome in pairs(checks) do
        assert.is_true(outcome ~= "FAILURE" or NOT_APPLICABLE[id] == true,
          id .. "\n" .. output)
        good = good + (outcome == "SUCCESS" and 1 or 0)
      end
      assert.is_true(good > 0)
    end)
  end
end)
