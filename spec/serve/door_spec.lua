-- serve: who gets in, and what those outside can't do. Access is checked
-- before a body is read; slow callers keep no other out; health probes are
-- answered whatever else is going on.
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local serve = require "spec.support.serve"
local slow = require "spec.support.slow"
local socket = require "socket"

local missing = serve.missing()
if missing then
  pending("the service and its callers: " .. missing)
  return
end

local TOKEN = "/oauth2/v1/token"
local SECRET = "the-auth-token-0123456789"
local OPEN = { Authorization = "Bearer " .. SECRET }
local JSON = "Content-Type: application/json\r\n"

local function head(path, fields, method)
  return ("%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"):format(
    method or "POST", path, fields)
end
local HALF = head(TOKEN, JSON .. "Content-Length: 500\r\n") .. "{"

describe("equinix-auth serve", function()
  local e, key

  setup(function()
    e = emulator.start { plain = true, workers = 2 }
    key = os.tmpname()
    local file = assert(io.open(key, "w"))
    file:write(SECRET, "\n")
    file:close()
    os.execute("chmod 600 " .. key)
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
    os.remove(key)
  end)

  local function start(words, options)
    local s = serve.start(e, words, options)
    finally(function()
      s:stop()
    end)
    return s
  end

  local function guarded(...)
    return start({ "--auth-token-file", key, ... })
  end

  local function callers(options)
    local all = slow.start(options)
    finally(function()
      all:stop()
    end)
    return all
  end

  -- The status and the object that one connection gets, and the connection.
  local function raw(port, text, from)
    local one = assert(socket.tcp())
    finally(function()
      one:close()
    end)
    if from then
      assert(one:bind(from, 0))
    end
    assert(one:connect("127.0.0.1", port))
    one:settimeout(60)
    assert(one:send(text))
    local function answer()
      local status = tonumber((one:receive "*l" or ""):match " (%d+)")
      local fields, line = {}, one:receive "*l"
      while line and line ~= "" do
        local name, value = line:match "^([^:]+): *(.*)$"
        fields[name:lower()] = value
        line = one:receive "*l"
      end
      local body = one:receive(tonumber(fields["content-length"]) or 0)
      return status, json.decode(body or "null"), fields
    end
    return answer, one
  end

  describe("reads no body before", function()
    it("the auth token, the Host, the path, the method and the size are right",
      function()
        local s = guarded()
        local auth = "Authorization: Bearer " .. SECRET .. "\r\n"
        local length = JSON .. "Content-Length: 500\r\n"
        local ports = { s.rest_port, s.mcp_port }
        for i, path in ipairs { TOKEN, "/mcp" } do
          for _, case in ipairs {
            { 401, head(path, length) },
            { 401, head(path, JSON .. "Transfer-Encoding: chunked\r\n")
              .. "5\r\n" },
            { 401, head(path, length .. "Authorization: Bearer x\r\n") },
            { 403, (head(path, length .. auth):gsub("localhost", "evil")) },
            { 403, head(path, length .. auth .. "Origin: http://evil\r\n") },
            { 404, head(path .. "/nothing", length .. auth) },
            { 405, head(path, length .. auth, "PUT") },
            { 413, head(path, auth .. "Content-Length: 1048577\r\n") },
          } do
            local status, object = raw(ports[i], case[2] .. "{")()
            assert.equal(case[1], status, case[2])
            assert.is_table(object)
          end
        end
      end)

    it("and takes the rest of a refused body for no request", function()
      local s = guarded()
      local inner = head("/metrics", "Authorization: Bearer " .. SECRET
        .. "\r\n", "GET")
      local answer, one = raw(s.rest_port, head(TOKEN, JSON
        .. ("Content-Length: %d\r\n"):format(#inner)))
      assert.equal(401, (answer()))
      one:send(inner)
      -- Either the connection ends or the next request is the next one.
      one:send(head("/healthz", "", "GET"))
      local status, object = answer()
      assert.is_true(status == nil or object.status == "ok")
    end)
  end)

  it("lets the right caller in beside 2,100 that have no auth token and "
    .. "send half a body", function()
    local s = guarded()
    for _, trickle in ipairs { true, false } do
      callers { port = s.rest_port, count = 2100, head = HALF,
        trickle = trickle }
      for _ = 1, 20 do
        local status, _, _, body = s:rest("POST", TOKEN, { headers = OPEN,
          fresh_connect = true })
        assert.equal(200, status, body)
      end
    end
  end)

  it("drops the slowest callers first", function()
    local s = start { "--workers", "1" }
    local all = callers { port = s.rest_port, count = 1100, head = HALF }
    for _ = 1, 20 do
      local status, _, object, body = s:rest("POST", TOKEN, {
        fresh_connect = true, body = '{"client_id":"x"}',
        headers = { ["Content-Type"] = "application/json" } })
      assert.is_true(status == 400 or status == 401 or status == 429, body)
      assert.is_table(object)
    end
    assert.is_true(process.eventually(function()
      return all:closed() >= 100
    end))
  end)

  it("gives a body one deadline, however steadily it comes", function()
    local s = start()
    local all = callers { port = s.rest_port, count = 5, head = HALF }
    local answer = raw(s.rest_port, HALF)
    local status, object = answer()
    assert.equal(408, status)
    assert.equal(408, object.status)
    assert.is_true(process.eventually(function()
      return all:closed() == 5
    end))
    assert.equal(200, (s:rest("POST", TOKEN, { fresh_connect = true })))
  end)

  it("still accepts a body that comes in pieces", function()
    local s = start()
    local body = '{"grant_type":"client_credentials"}'
    local answer, one = raw(s.rest_port, head(TOKEN, JSON
      .. ("Content-Length: %d\r\n"):format(#body)))
    for i = 1, #body do
      assert(one:send(body:sub(i, i)))
    end
    assert.equal(200, (answer()))
    one:send(head(TOKEN, JSON .. "Transfer-Encoding: chunked\r\n"))
    one:send(("%x\r\n%s\r\n"):format(#body, body))
    one:send "0\r\n\r\n"
    assert.equal(200, (answer()))
  end)

  it("limits the requests that wait by address", function()
    e:config { token_latency = 15 }
    local s = start { "--workers", "1" }
    local wait = head(TOKEN, "Content-Length: 0\r\n")
    callers { port = s.rest_port, count = 1000, head = wait, trickle = false,
      from = "127.0.0.2" }
    local status, object, fields = raw(s.rest_port, wait, "127.0.0.2")()
    assert.equal(503, status)
    assert.equal(503, object.status)
    assert.equal("1", fields["retry-after"])
    status, object = raw(s.rest_port, wait, "127.0.0.3")()
    assert.equal(200, status)
    assert.is_string(object.access_token)
    -- They are gone, and so are their places.
    assert.equal(200, (raw(s.rest_port, wait, "127.0.0.2")()))
  end)

  describe("answers /healthz and /readyz", function()
    local function ask(port, path, host, from)
      return raw(port, ("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"):format(path,
        host), from)()
    end

    it("from any Host without an auth token, and nothing else", function()
      local s = guarded()
      for _, host in ipairs { "10.1.2.3:8080", "[fd00::7]:8080", "localhost",
        "pod.example" } do
        for path, word in pairs { ["/healthz"] = "ok", ["/readyz"] = "ready" }
        do
          local status, object = ask(s.rest_port, path, host)
          assert.equal(200, status, host)
          assert.same({ status = word }, object)
        end
        for path, expected in pairs { ["/metrics"] = true,
          ["/openapi.json"] = true, ["/healthz/"] = true,
          ["/x/../readyz"] = true } do
          local status = ask(s.rest_port, path, host)
          assert.equal(expected and (host == "localhost" and 401 or 403),
            status, path)
        end
      end
    end)

    it("outside the rate limit", function()
      local s = start { "--rate", "2" }
      for _ = 1, 30 do
        assert.equal(200, (ask(s.rest_port, "/healthz", "pod")))
        assert.equal(200, (ask(s.rest_port, "/readyz", "pod")))
      end
      local limited
      for _ = 1, 30 do
        limited = limited or ask(s.rest_port, "/metrics", "localhost") == 429
      end
      assert.is_true(limited)
    end)

    it("outside the connection limit", function()
      e:config { token_latency = 15 }
      local s = start { "--workers", "1" }
      local wait = head(TOKEN, "Content-Length: 0\r\n")
      callers { port = s.rest_port, count = 1000, head = wait,
        trickle = false }
      assert.equal(503, (raw(s.rest_port, wait)()))
      assert.equal(200, (ask(s.rest_port, "/healthz", "pod")))
    end)

    it("without reading a body", function()
      local s = start()
      for _, path in ipairs { "/healthz", "/readyz" } do
        local status = raw(s.rest_port, head(path, "Content-Length: 9\r\n",
          "GET") .. "{")()
        assert.equal(200, status)
      end
    end)

    it("with no reason when it is not ready, which the log has once",
      function()
        e:config { status = 503, retry_after = "60" }
        local s = start { "--workers", "1" }
        for _ = 1, 5 do
          local status, object, fields = ask(s.rest_port, "/readyz", "pod")
          assert.equal(503, status)
          assert.same({ status = "not ready" }, object)
          assert.is_nil(fields["retry-after"])
        end
        assert.equal(404, (ask(s.rest_port, "/nothing", "localhost")))
        assert.is_truthy(process.eventually(function()
          return s:log():find('"status":404', 1, true)
        end), s:log())
        assert.equal(1, select(2, s:log():gsub('"event":"refused"', "")))
      end)

    it("beside any number of others", function()
      local s = guarded()
      assert.equal(200, (ask(s.rest_port, "/readyz", "pod")))
      local http, requests = core.http(), {}
      for i = 1, 1000 do
        requests[i] = { method = "GET", url = s.rest_url .. "/readyz",
          headers = {}, http1 = true }
      end
      for _, result in ipairs(http:send_many(requests, 150, 60)) do
        assert.equal(200, result.response.status)
      end
      http:close()
    end)

    it("with at most a few requests that wait for a token", function()
      e:config { token_latency = 5 }
      local s = start { "--workers", "1" }
      callers { port = s.rest_port, count = 200, trickle = false,
        head = head("/readyz", "", "GET") }
      local status, object = ask(s.rest_port, "/readyz", "pod")
      assert.equal(503, status)
      assert.same({ status = "not ready" }, object)
    end)
  end)
end)
