-- mcp: the rules of HTTP, and lines of stdio.
local json = require "equinix.base.json"
local mcp = require "spec.support.mcp"
local service_mcp = require "equinix.service.mcp"

local PING = mcp.message "ping"

local function handle(server, changes)
  local request = { method = "POST", path = "/mcp", headers = mcp.headers(),
    body = PING }
  for name, value in pairs(changes or {}) do
    request[name] = value
  end
  return server.mcp:handle(request)
end

describe("MCP over HTTP", function()
  local server
  before_each(function()
    server = mcp.new()
  end)

  it("is at /mcp and at /, and nowhere else", function()
    assert.equal(200, handle(server).status)
    assert.equal(200, handle(server, { path = "/" }).status)
    for _, path in ipairs { "/mcp/", "/mcp/x", "/MCP", "/sse", "/healthz",
      "", "/oauth2/v1/token" } do
      assert.equal(404, handle(server, { path = path }).status, path)
    end
  end)

  it("accepts POST only, and says so", function()
    for _, method in ipairs { "GET", "DELETE", "PUT", "HEAD", "PATCH",
      "OPTIONS", "post" } do
      local response = handle(server, { method = method })
      assert.equal(405, response.status)
      assert.equal("POST", response.headers.Allow)
    end
  end)

  it("accepts JSON only: 415", function()
    for _, kind in ipairs { false, "", "text/plain", "application/jsonx",
      "application/x-www-form-urlencoded", "text/json", "json",
      "multipart/form-data; application/json", "application/json2" } do
      assert.equal(415, handle(server, {
        headers = mcp.headers { ["content-type"] = kind } }).status, kind)
    end
    for _, kind in ipairs { "application/json", "Application/JSON",
      "application/json; charset=utf-8", "application/json;charset=UTF-8",
      " application/json ;x=y" } do
      assert.equal(200, handle(server, {
        headers = mcp.headers { ["content-type"] = kind } }).status, kind)
    end
  end)

  it("is lenient with Accept", function()
    for _, accept in ipairs { "application/json, text/event-stream",
      "text/event-stream", "text/html", "*/*", "" } do
      local response = handle(server, {
        headers = mcp.headers { accept = accept } })
      assert.equal(200, response.status)
      assert.equal("application/json", response.headers["Content-Type"])
    end
  end)

  it("accepts 1 MiB and no more: 413", function()
    local function of(bytes)
      return PING .. (" "):rep(bytes - #PING)
    end
    assert.equal(200, handle(server, { body = of(1048576) }).status)
    assert.equal(413, handle(server, { body = of(1048577) }).status)
  end)

  it("refuses an unknown Host: 403", function()
    for _, host in ipairs { false, "evil.example", "localhost.evil.example",
      "127.0.0.1.evil.example", "", "localhost:9090, evil.example" } do
      assert.equal(403, handle(server, {
        headers = mcp.headers { host = host } }).status, host)
    end
    for _, host in ipairs { "localhost", "127.0.0.1", "[::1]:1",
      "LOCALHOST:9090" } do
      assert.equal(200, handle(server, {
        headers = mcp.headers { host = host } }).status, host)
    end
  end)

  it("refuses another Origin: 403, whatever the Host is",
    function()
      for _, origin in ipairs { "null", "https://evil.example", "x", "",
        "http://localhost.evil.example", "http://localhost@evil.example" } do
        assert.equal(403, handle(server, {
          headers = mcp.headers { origin = origin } }).status, origin)
      end
      assert.equal(403, handle(server, { headers = mcp.headers {
        host = "evil.example", origin = "http://evil.example" } }).status)
      local response = handle(server, {
        headers = mcp.headers { origin = "http://localhost:3000" } })
      assert.equal(200, response.status)
      for name in pairs(response.headers) do
        assert.is_nil(name:lower():find "^access%-control")
      end
    end)

  it("accepts the names that were configured", function()
    server = mcp.new { allowed_hosts = { "tools.example" } }
    assert.equal(200, handle(server, { headers = mcp.headers {
      host = "tools.example:9090", origin = "https://tools.example" } })
      .status)
  end)

  it("requires its auth token if it has one: 401, before anything else",
    function()
      server = mcp.new { auth_token = "the-auth-token" }
      for _, value in ipairs { false, "Bearer", "Bearer x", "the-auth-token",
        "Basic the-auth-token", "Bearer the-auth-token2" } do
        local response = handle(server, { path = "/x", method = "GET",
          headers = mcp.headers { authorization = value } })
        assert.equal(401, response.status)
        assert.equal("Bearer", response.headers["WWW-Authenticate"])
      end
      assert.equal(200, handle(server, { headers = mcp.headers {
        authorization = "Bearer the-auth-token" } }).status)
      assert.equal(401, handle(server, {
        query = "access_token=the-auth-token" }).status)
    end)

  it("responds with JSON that may not be cached, in every case", function()
    server = mcp.new { auth_token = "t" }
    local responses = { handle(server), handle(mcp.new()) }
    server = mcp.new()
    for _, changes in ipairs { { path = "/x" }, { method = "GET" },
      { headers = mcp.headers { ["content-type"] = false } },
      { body = (" "):rep(1048577) }, { body = "{" },
      { headers = mcp.headers { host = "x.example" } } } do
      responses[#responses + 1] = handle(server, changes)
    end
    for _, response in ipairs(responses) do
      assert.equal("no-store", response.headers["Cache-Control"])
      assert.matches("^application/[%l+]*json$",
        response.headers["Content-Type"])
      assert.is_table(json.decode(response.body))
      assert.is_nil(response.headers["Mcp-Session-Id"])
    end
  end)

  it("has an empty body where there is no response: 202", function()
    local response = handle(server, { body = mcp.message(
      "notifications/initialized", nil, false) })
    assert.equal(202, response.status)
    assert.equal("", response.body)
    assert.is_nil(response.headers["Content-Type"])
    assert.equal("no-store", response.headers["Cache-Control"])
  end)
end)

describe("MCP over stdio", function()
  it("answers a line with a line, or not at all", function()
    local server = mcp.new()
    assert.equal('{"id":1,"jsonrpc":"2.0","result":{}}',
      server:line(PING))
    assert.is_nil(server:line(mcp.message("x", nil, false)))
  end)

  it("answers a line that was too long with -32700", function()
    local response = json.decode(mcp.new().mcp:too_long())
    assert.equal(-32700, response.error.code)
    assert.equal(json.null, response.id)
    assert.equal(1048576, service_mcp.MAX_BODY)
  end)
end)
