-- serve/request_id: which request it was. The forms are tables; what a caller
-- and an operator see comes from a real service.
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local request_id = require "equinix.serve.request_id"
local serve = require "spec.support.serve"
local socket = require "socket"

local TRACE = ("ab"):rep(16)
local TRACEPARENT = "00-" .. TRACE .. "-" .. ("c"):rep(16) .. "-01"

describe("an id of a caller's", function()
  it("is kept in the usual forms, up to 64 bytes", function()
    for _, id in ipairs { "a", ("x"):rep(64), "1-67891233:abc/d=+_.",
      "123e4567-e89b-12d3-a456-426614174000" } do
      assert.is_true(request_id.is_valid(id), id)
    end
  end)

  it("is ignored otherwise", function()
    for _, id in ipairs { "", ("x"):rep(65), "a b", "a,b", 'a"b', "a\\b",
      "a\nb", "a\0b", "\195\164", "<b>", "a;b" } do
      assert.is_false(request_id.is_valid(id), id)
    end
    assert.is_false(request_id.is_valid(nil))
  end)
end)

describe("the members for the log", function()
  it("are JSON, whatever is in the note", function()
    local text = request_id.members("id-1", TRACEPARENT, {
      reason = "upstream", upstream_status = 401,
      upstream_code = 'x"\\\n', correlation_id = "c-1" })
    assert.same({ request_id = "id-1", trace_id = TRACE, reason = "upstream",
      upstream_status = 401, upstream_code = 'x"\\\n',
      correlation_id = "c-1" }, json.decode("{" .. text:sub(2) .. "}"))
  end)

  it("have no trace that is not valid", function()
    for _, trace in ipairs { "", "00-x", TRACEPARENT:upper(),
      "00-" .. ("0"):rep(32) .. "-" .. ("c"):rep(16) .. "-01" } do
      assert.equal(',"request_id":"a"', request_id.members("a", trace))
    end
  end)
end)

local missing = serve.missing()
if missing then
  pending("the ids of the service: " .. missing)
  return
end

describe("equinix-auth serve", function()
  local TOKEN = "/oauth2/v1/token"
  local e, s

  setup(function()
    e = emulator.start { plain = true }
    s = serve.start(e, { "--workers", "1" })
  end)
  teardown(function()
    s:stop()
    e:stop()
  end)

  -- The line of the access log that has this text, waited for.
  local function logged(text)
    local line
    assert(process.eventually(function()
      for each in s:log():gmatch "[^\n]+" do
        if each:find(text, 1, true) and each:find('"port"', 1, true) then
          line = each
        end
      end
      return line
    end), "not logged: " .. text)
    return assert(json.decode(line), line)
  end

  it("gives a caller its id back, and logs it with its trace", function()
    for i = 1, 3 do -- the third is found by its key, with another id
      local status, headers = s:rest("POST", TOKEN, { headers = {
        ["X-Request-Id"] = "call-" .. i, traceparent = TRACEPARENT } })
      assert.equal(200, status)
      assert.equal("call-" .. i, headers["x-request-id"])
      local line = logged("call-" .. i)
      assert.equal(TRACE, line.trace_id)
      assert.equal(TOKEN, line.path)
      assert.is_nil(line.reason)
    end
  end)

  it("answers a token from the cache without an id, and everything else with "
    .. "one of its own", function()
    for _ = 1, 3 do
      local _, headers = s:rest("POST", TOKEN)
      assert.is_nil(headers["x-request-id"])
    end
    for _, path in ipairs { "/healthz", "/metrics", "/nothing" } do
      local _, headers = s:rest("GET", path)
      assert.matches("^%x+$", headers["x-request-id"])
      assert.equal(32, #headers["x-request-id"])
      logged(headers["x-request-id"])
    end
  end)

  it("does the same for MCP", function()
    local status, headers = s:send(s.mcp_url, "POST", { headers = {
      ["Content-Type"] = "application/json", ["X-Request-Id"] = "agent-1" },
      body = '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
    assert.equal(200, status)
    assert.equal("agent-1", headers["x-request-id"])
    assert.equal("/mcp", logged("agent-1").path)
    s:send((s.mcp_url:gsub("/mcp$", "/")), "POST", { headers = {
      ["Content-Type"] = "application/json" },
      body = '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
    assert.equal(2, s:metric
      'equinix_requests_total{face="mcp",path="/mcp",status="200"}')
  end)

  it("makes one where the caller's is not in the form of an id", function()
    for _, id in ipairs { 'a"b', ("x"):rep(65), "two words" } do
      local _, headers = s:rest("GET", "/healthz", { headers = {
        ["X-Request-Id"] = id, traceparent = '"' } })
      assert.equal(32, #headers["x-request-id"])
      assert.is_nil(logged(headers["x-request-id"]).trace_id)
      assert.is_nil(s:log():find(id, 1, true))
    end
  end)

  it("logs why it refused a request, in a word and without what was in it",
    function()
      local JSON, ids = { ["Content-Type"] = "application/json" }, {}
      for reason, case in pairs {
        members = { 400, "POST", TOKEN, body = '{"clientId":"hidden"}',
          headers = JSON },
        no_object = { 400, "POST", TOKEN, body = "[]", headers = JSON },
        query = { 400, "POST", TOKEN .. "?client_secret=hidden" },
        authorization = { 400, "POST", TOKEN, headers = {
          Authorization = "Basic aGlkZGVuOmhpZGRlbg==" } },
        ambiguous_body = { 400, "POST", TOKEN, headers = JSON,
          body = '{"client_id":"hidden","client_id":"b"}' },
        unknown_refresh_token = { 400, "POST", "/oauth2/v1/refreshaccesstoken",
          body = '{"refresh_token":"hidden"}', headers = JSON },
        media_type = { 415, "POST", TOKEN, body = "hidden" },
        method = { 405, "PUT", TOKEN },
        path = { 404, "GET", "/hidden" },
        host = { 403, "POST", TOKEN, headers = { Host = "hidden" } },
        origin = { 403, "POST", TOKEN, headers = {
          Origin = "http://hidden" } },
      } do
        local status, headers = s:rest(case[2], case[3], case)
        assert.equal(case[1], status, reason)
        ids[reason] = assert(headers["x-request-id"], reason)
      end
      for reason, id in pairs(ids) do
        assert.equal(reason, logged(id).reason)
      end
      for _, hidden in ipairs { "hidden", "aGlkZGVuOmhpZGRlbg" } do
        assert.is_nil(s:log():find(hidden, 1, true))
      end
    end)

  it("logs what Equinix answered to a caller's own credentials", function()
    local status, headers = s:rest("POST", TOKEN, {
      headers = { ["Content-Type"] = "application/json",
        ["X-Request-Id"] = "wrong-secret" },
      body = '{"grant_type":"client_credentials","client_id":"some-app",'
        .. '"client_secret":"S1006"}' })
    assert.equal(400, status)
    assert.equal("wrong-secret", headers["x-request-id"])
    local line = logged "wrong-secret"
    assert.equal("upstream", line.reason)
    assert.equal(400, line.upstream_status)
    -- Equinix's code is what the caller sent as its secret.
    assert.equal("[redacted]", line.upstream_code)
    s:rest("POST", TOKEN, {
      headers = { ["Content-Type"] = "application/json",
        ["X-Request-Id"] = "wrong-again" },
      body = '{"grant_type":"client_credentials","client_id":"other-app",'
        .. '"client_secret":"hunter2-hunter2"}' })
    assert.equal("S1006", logged("wrong-again").upstream_code)
    assert.is_nil(s:log():find("hunter2", 1, true))
  end)

  it("logs what nginx itself refuses, before it has read the request",
    function()
      local before = s:log()
      for reason, text in pairs {
        malformed = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        url_too_long = "GET /" .. ("x"):rep(9000) .. " HTTP/1.1\r\n\r\n",
      } do
        local one = assert(socket.connect("127.0.0.1", s.rest_port))
        one:settimeout(60)
        assert(one:send(text))
        local answer = one:receive "*a"
        one:close()
        local id = answer:match "\r\nX%-Request%-Id: (%x+)\r\n"
        assert.equal(reason, logged(assert(id, answer)).reason)
      end
      for line in s:log():sub(#before + 1):gmatch "([^\n]+)\n" do
        assert.is_table(json.decode(line), line)
      end
    end)

  it("logs one id in both lines about a failure", function()
    e:config { status = 503 }
    finally(function()
      e:reset()
    end)
    -- The service's own token is there; a renewal is refused.
    local status, headers = s:rest("POST", "/oauth2/v1/refreshaccesstoken",
      { headers = { ["X-Request-Id"] = "renewal-1" } })
    assert.equal(503, status)
    assert.equal("renewal-1", headers["x-request-id"])
    assert.equal(503, logged("renewal-1").upstream_status)
    local refused = process.eventually(function()
      for line in s:log():gmatch "[^\n]+" do
        if line:find('"refused"', 1, true)
          and line:find("renewal-1", 1, true) then
          return json.decode(line)
        end
      end
    end)
    assert.equal("renewal-1", refused.request_id)
    assert.equal(503, refused.status)
  end)
end)
