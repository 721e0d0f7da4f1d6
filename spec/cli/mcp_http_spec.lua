-- mcp over HTTP, behind `equinix-auth serve`: the rules with a real nginx.
local emulator = require "spec.support.emulator"
local mcp = require "spec.support.mcp"
local serve = require "spec.support.serve"

local missing = serve.missing()

describe("MCP behind serve", function()
  local e, s
  setup(function()
    if not missing then
      e = emulator.start { plain = true }
      s = serve.start(e, { "--token-exposure", "handle", "--workers", "4" })
    end
  end)
  teardown(function()
    if s then
      s:stop()
      e:stop()
    end
  end)

  local function it_with_nginx(name, f)
    it(name, function()
      if missing then
        pending(missing)
        return
      end
      f()
    end)
  end

  local function post(text, headers, url)
    local all = mcp.headers(headers)
    all.host = headers and headers.host or nil -- libcurl's own
    return s:send(url or s.mcp_url, "POST", { headers = all, body = text,
      fresh_connect = true })
  end

  it_with_nginx("speaks both protocols on one endpoint", function()
    local status, headers, body, text = post(mcp.message("initialize",
      { protocolVersion = "2025-06-18" }, 9))
    assert.equal(200, status)
    assert.equal("application/json", headers["content-type"])
    assert.equal("no-store", headers["cache-control"])
    assert.is_nil(headers["mcp-session-id"])
    assert.equal("2025-06-18", body.result.protocolVersion)
    assert.truthy(text:find('"id":9,', 1, true))
    local headers_2026 = mcp.headers_2026 "server/discover"
    headers_2026.host = nil
    status, headers, body = post(mcp.message("server/discover",
      mcp.params_2026()), headers_2026)
    assert.equal(200, status)
    assert.equal("no-store", headers["cache-control"])
    assert.equal("complete", body.result.resultType)
    status, headers, body = post(mcp.message("ping", mcp.params_2026()),
      { ["mcp-protocol-version"] = "2026-07-28", ["mcp-method"] = "ping" })
    assert.equal(404, status)
    assert.equal("application/json", headers["content-type"])
    assert.equal(-32601, body.error.code)
  end)

  it_with_nginx("has an empty body for a notification: 202", function()
    local status, headers, _, text = post(mcp.message(
      "notifications/initialized", nil, false))
    assert.equal(202, status)
    assert.equal("", text)
    assert.equal("0", headers["content-length"])
    assert.is_nil(headers["content-type"])
  end)

  it_with_nginx("refuses other methods, types, sizes and callers in JSON",
    function()
      local function refused(expected, status, headers, body, text)
        assert.equal(expected, status, text)
        assert.matches("^application/[%l+]*json$", headers["content-type"])
        assert.equal("no-store", headers["cache-control"])
        assert.is_table(body)
        return headers
      end
      for _, method in ipairs { "GET", "DELETE", "PUT", "OPTIONS", "TRACE" } do
        assert.equal("POST", refused(405, s:send(s.mcp_url, method,
          { fresh_connect = true })).allow)
      end
      local ping = mcp.message "ping"
      refused(415, post(ping, { ["content-type"] = "text/plain" }))
      refused(413, post((" "):rep(1048577)))
      assert.equal(200, (post(ping .. (" "):rep(1048576 - #ping))))
      refused(404, post(ping, nil, s.mcp_url .. "/x"))
      refused(403, post(ping, { host = "evil.example" }))
      refused(403, post(ping, { origin = "http://evil.example" }))
      refused(403, post(ping, { origin = "null" }))
      refused(400, post "{")
      refused(400, post "")
      refused(400, post(ping, { ["mcp-protocol-version"] = "2020-01-01" }))
    end)

  it_with_nginx("accepts a token handle in every worker", function()
    local function call(name, arguments)
      local _, _, body = post(mcp.message("tools/call", { name = name,
        arguments = arguments }))
      return body.result
    end
    local token = call "getoauth2accesstoken".structuredContent
    for _ = 1, 16 do
      local result = call("equinix_request", { method = "GET",
        path = "/fabric/v4/health", token_handle = token.token_handle })
      assert.equal(200, result.structuredContent.status)
    end
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it_with_nginx("keeps ids exact", function()
    for _, id in ipairs { "1", '"1"', "9007199254740993", '"\\u00e9"' } do
      local _, _, _, text = post('{"jsonrpc":"2.0","method":"ping","id":'
        .. id .. "}")
      assert.equal('{"id":' .. id .. ',"jsonrpc":"2.0","result":{}}', text)
    end
  end)

  it_with_nginx("accepts batches where no version is named", function()
    local status, _, bodies = post("[" .. mcp.message "ping" .. ","
      .. mcp.message("ping", nil, 2) .. "]")
    assert.equal(200, status)
    assert.equal(2, #bodies)
    status = post("[" .. mcp.message "ping" .. "]",
      { ["mcp-protocol-version"] = "2025-11-25" })
    assert.equal(400, status)
  end)

  it_with_nginx("requires the auth token, in the header only",
    function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write "the-auth-token-0123456789\n"
      file:close()
      os.execute("chmod 600 " .. path)
      local guarded = serve.start(e, { "--auth-token-file", path })
      finally(function()
        guarded:stop()
        os.remove(path)
      end)
      local function send(value, query)
        return guarded:send(guarded.mcp_url .. (query or ""), "POST", {
          headers = { ["Content-Type"] = "application/json",
            Authorization = value }, body = mcp.message "ping" })
      end
      local TOKEN = "the-auth-token-0123456789"
      assert.equal(200, (send("Bearer " .. TOKEN)))
      local status, headers, body = send(nil, "?access_token=" .. TOKEN)
      assert.equal(401, status)
      assert.equal("Bearer", headers["www-authenticate"])
      assert.is_table(body)
      assert.equal(401, (send "Bearer wrong"))
    end)
end)
