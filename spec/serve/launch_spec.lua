-- serve/launch: `equinix-auth serve`, from its start to its end, with an
-- emulator behind it that counts the requests.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local load = require "spec.support.load"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("equinix-auth serve: " .. missing)
  return
end

local TOKEN, REFRESH = "/oauth2/v1/token", "/oauth2/v1/refreshaccesstoken"
local JSON = { ["content-type"] = "application/json" }

local function exists(path)
  return os.rename(path, path) == true
end

describe("equinix-auth serve", function()
  local e

  setup(function()
    e = emulator.start { plain = true, workers = 2 }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function start(words, options)
    local s = serve.start(e, words, options)
    finally(function()
      s:stop()
    end)
    return s
  end

  local function ask(s, count)
    return load.drive { url = s.rest_url, path = TOKEN, method = "POST",
      count = count, at_once = count }
  end

  describe("with four workers and 64 callers at once", function()
    local WORKERS = { "--workers", "4" }

    it("makes one token request for all of them", function()
      local s = start(WORKERS)
      assert.is_true(process.eventually(function()
        return #s:workers() == 4 -- nginx makes one after the other
      end))
      local seen = ask(s, 64)
      assert.same({ ["200"] = 64 }, seen.statuses)
      assert.equal(1, e:count("POST " .. TOKEN))
      assert.equal(1, s:metric "equinix_token_requests_total")
      assert.is_true(process.eventually(function()
        return s:metric('equinix_requests_total{face="rest",path="' .. TOKEN
          .. '",status="200"}') == 64
      end))
    end)

    it("makes one when Equinix fails, and says when to try again",
      function()
        e:config { status = 503, retry_after = "60" }
        local s = start(WORKERS)
        assert.same({ ["503"] = 64 }, ask(s, 64).statuses)
        assert.equal(1, e:count("POST " .. TOKEN))
        local status, headers, object = s:rest("POST", TOKEN)
        assert.equal(503, status)
        local wait = tonumber(headers["retry-after"])
        assert.is_true(wait > 30 and wait <= 60)
        assert.equal("application/problem+json", headers["content-type"])
        assert.equal(503, object.status)
      end)

    it("makes one with a wrong secret, and shows that it is latched",
      function()
        local s = start(WORKERS, { env = {
          EQUINIX_API_CLIENTSECRET = "not the secret of that app" } })
        local seen = ask(s, 64)
        assert.equal(1, e:count("POST " .. TOKEN))
        assert.is_nil(seen.statuses["200"])
        local status, headers, object, text = s:rest("POST", TOKEN)
        assert.is_true(status == 400 or status == 401)
        assert.equal("S1006", object.code)
        assert.is_truthy(headers["retry-after"])
        assert.is_nil(text:find("not the secret", 1, true))
        assert.equal(1, s:metric "equinix_credentials_latched")
        assert.equal(503, (s:rest("GET", "/readyz")))
        assert.equal(200, (s:rest("GET", "/healthz")))
      end)

    it("renews once for all callers that ask for it at once", function()
      local s = start(WORKERS)
      local first = s:token()
      local seen = load.drive { url = s.rest_url, path = REFRESH,
        method = "POST", count = 64, at_once = 64 }
      assert.same({ ["200"] = 64 }, seen.statuses)
      assert.equal(2, e:count("POST " .. TOKEN))
      assert.not_equal(first, s:token())
    end)

    it("serves tokens to MCP from the same cache", function()
      local s = start(WORKERS)
      local token = s:token()
      local status, _, object = s:send(s.mcp_url, "POST", {
        headers = JSON,
        body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
          .. '{"name":"getoauth2accesstoken","arguments":{}}}',
      })
      assert.equal(200, status)
      assert.equal(token, object.result.structuredContent.access_token)
      assert.equal(1, e:count("POST " .. TOKEN))
    end)
  end)

  it("shows MCP a handle instead of a token with that option", function()
    local s = start { "--token-exposure", "handle", "--allow",
      "GET /v1/orders" }
    local function call(name, arguments)
      local _, _, object, text = s:send(s.mcp_url, "POST", { headers = JSON,
        body = ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
          .. '{"name":"%s","arguments":%s}}'):format(name, arguments) })
      return object.result, text
    end
    local result, text = call("getoauth2accesstoken", "{}")
    assert.is_nil(text:find(s:token(), 1, true))
    result, text = call("equinix_request",
      ('{"method":"GET","path":"/fabric/v4/ports","token_handle":"%s"}')
        :format(result.structuredContent.token_handle))
    assert.is_not_true(result.isError, text)
    assert.equal(1, e:count "GET /fabric/v4/ports")
  end)

  describe("with credentials of the caller", function()
    it("passes the request on, and Equinix's response back", function()
      local s = start()
      local body = json.encode { client_id = e.client_id,
        client_secret = e.client_secret, grant_type = "client_credentials" }
      local tokens = {}
      for i = 1, 2 do
        local status, headers, object = s:rest("POST", TOKEN,
          { headers = JSON, body = body })
        assert.equal(200, status)
        assert.is_nil(headers.age)
        tokens[i] = object.access_token
      end
      assert.not_equal(tokens[1], tokens[2])
      assert.equal(2, e:count("POST " .. TOKEN))
      local status, _, object = s:rest("POST", TOKEN, { headers = JSON,
        body = '{"client_id":"x","client_secret":"y",'
          .. '"grant_type":"client_credentials"}' })
      assert.is_true(status == 400 or status == 401)
      assert.equal("S1006", object.errorCode)
    end)

    it("passes a trace on, and makes a 502 of what is not JSON", function()
      local upstream = rawserver.start [[
        local c = ...
        while c:request() do
          c:send "HTTP/1.1 503 No\r\nContent-Length: 6\r\n\r\n<html>"
        end
      ]]
      finally(function()
        upstream:stop()
      end)
      local s = start(nil, { env = { EQUINIX_API_ENDPOINT = upstream.url } })
      local trace = "00-" .. ("a"):rep(32) .. "-" .. ("b"):rep(16) .. "-01"
      for _, body in ipairs { '{"client_id":"x"}', "" } do
        local status, _, object = s:rest("POST", TOKEN, { body = body,
          headers = { traceparent = trace,
            ["content-type"] = "application/json" } })
        assert.equal(body == "" and 503 or 502, status)
        assert.equal(body ~= "" and 503 or nil, object.upstream_status)
      end
      for _, request in ipairs(upstream:requests()) do
        assert.equal(trace, request.headers.traceparent)
      end
      assert.equal(2, #upstream:requests())
    end)

    it("passes Retry-After and the status back", function()
      local s = start()
      e:config { status = 429, retry_after = "7" }
      local status, headers = s:rest("POST", TOKEN, { headers = JSON,
        body = '{"client_id":"z"}' })
      assert.equal(429, status)
      assert.equal("7", headers["retry-after"])
    end)
  end)

  describe("over the wire", function()
    local s
    setup(function()
      s = serve.start(e)
    end)
    teardown(function()
      s:stop()
    end)

    it("serves the token with its age, not to be cached", function()
      local status, headers, object = s:rest("POST", TOKEN)
      assert.equal(200, status)
      assert.matches("^%d+$", headers.age)
      assert.matches("^%d+$", object.token_timeout)
      assert.equal("no-store", headers["cache-control"])
      assert.equal("application/json", headers["content-type"])
    end)

    it("accepts a body of up to 1 MiB, chunked or not", function()
      for _, headers in ipairs { {}, { ["Transfer-Encoding"] = "chunked" } }
      do
        headers["content-type"] = JSON["content-type"]
        local most = "{" .. (" "):rep(1024 * 1024 - 2) .. "}"
        if not headers["Transfer-Encoding"] then
          assert.equal(200, (s:rest("POST", TOKEN, { headers = headers,
            body = most })))
        end
        local status, answer, object = s:rest("POST", TOKEN, { body = most
          .. (" "):rep(1024 * 1024), headers = JSON })
        assert.equal(413, status)
        assert.equal("application/problem+json", answer["content-type"])
        assert.equal(413, object.status)
      end
    end)

    it("refuses an unknown Host and an unknown Origin", function()
      for _, headers in ipairs { { Host = "evil.example" },
        { Origin = "http://evil.example" }, { Origin = "null" } } do
        local status, answer, object = s:rest("POST", TOKEN,
          { headers = headers })
        assert.equal(403, status)
        assert.equal(403, object.status)
        assert.equal("no-store", answer["cache-control"])
        assert.equal(403, (s:send(s.mcp_url, "POST", { headers = headers,
          body = "{}" })))
      end
      assert.equal(200, (s:rest("POST", TOKEN, { headers = {
        Host = "localhost:1", Origin = "http://localhost:3000" } })))
    end)

    it("sends every error as JSON, even those of nginx", function()
      local raw = require("socket").connect("127.0.0.1", s.rest_port)
      finally(function()
        raw:close()
      end)
      for _, words in ipairs {
        "NONSENSE\r\n\r\n",
        'G"\\ET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /" .. ("x"):rep(9000) .. " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: " .. ("x"):rep(9000)
          .. "\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /healthz HTTP/7.7\r\nHost: localhost\r\n\r\n",
        "POST " .. TOKEN .. " HTTP/1.1\r\nHost: localhost\r\n"
          .. "Content-Length: nine\r\n\r\n",
        "POST " .. TOKEN .. " HTTP/1.1\r\nHost: localhost\r\n"
          .. "Transfer-Encoding: odd\r\n\r\n",
        "GET /equinix-problem HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\22\3\1\2\0\1\0\1\252\3\3\r\n\r\n",
      } do
        raw:close()
        raw = assert(require("socket").connect("127.0.0.1", s.rest_port))
        raw:settimeout(60)
        raw:send(words)
        local status = raw:receive "*l"
        local length, kind
        for line in function() return raw:receive "*l" end do
          if line == "" then
            break
          end
          length = tonumber(line:lower():match "^content%-length: (%d+)")
            or length
          kind = line:lower():match "^content%-type: (.*)" or kind
        end
        local about = words:sub(1, 40) .. " -> " .. tostring(status)
        assert.equal("application/problem+json", kind, about)
        local object = json.decode((assert(raw:receive(length), about)))
        assert.matches("^HTTP/1.1 " .. object.status, status, about)
      end
    end)

    it("logs a line for each request, and nothing that is secret",
      function()
        local secret = "SECRET-IN-A-QUERY"
        s:rest("POST", TOKEN .. "?client_secret=" .. secret)
        s:rest("GET", "/" .. secret)
        s:rest("POST", TOKEN .. "?a=" .. secret, { headers = {
          ["content-type"] = "application/json", ["x-token"] = secret },
          body = '{"client_id":"x","client_secret":"' .. secret .. '"}' })
        s:rest("POST", TOKEN .. "?" .. secret,
          { body = (" "):rep(1024 * 1024 + 1), headers = JSON })
        assert.is_truthy(process.eventually(function()
          return s:log():find('"status":413', 1, true)
        end))
        local paths = {}
        for line in s:log():gmatch "[^\n]+" do
          local entry = assert(json.decode(line), line)
          paths[entry.path or ""] = true
        end
        assert.is_true(paths[TOKEN])
        assert.is_true(paths["-"])
        assert.is_nil(s:log():find(secret, 1, true))
        assert.is_nil(s:log():find(s:token(), 1, true))
        assert.is_nil(s:log():find(e.client_secret, 1, true))
      end)

    it("lets only its owner read its files, which have no secret", function()
      assert.equal("", (process.capture("find " .. s.dir .. " -perm /077")))
      assert.equal("", (process.capture("grep -rlF -e " .. e.client_secret
        .. " -e " .. s:token() .. " --exclude=log --exclude=life "
        .. s.dir)))
    end)

    it("prints where it listens", function()
      local said = process.eventually(function()
        return s.program:stdout():match "^[^\n]+\n"
      end)
      local line = json.decode(said)
      assert.equal(s.rest_url, line.rest_url)
      assert.equal(s.mcp_url, line.mcp_url)
    end)
  end)

  it("limits the rate of an address with that option", function()
    local s = start { "--rate", "5" }
    local seen = load.drive { url = s.rest_url, path = "/metrics",
      count = 40, at_once = 40 }
    assert.is_true(seen.statuses["200"] >= 10)
    assert.is_true((seen.statuses["429"] or 0) > 0)
    local limited = process.eventually(function()
      local status, headers, object = s:rest("GET", "/metrics")
      return status == 429 and { headers, object }
    end)
    assert.equal("1", limited[1]["retry-after"])
    assert.equal(429, limited[2].status)
    -- The same request again and again is counted as well.
    assert.is_truthy(process.eventually(function()
      return s:rest("POST", "/oauth2/v1/token") == 200
    end, 30))
    assert.is_truthy(process.eventually(function()
      for _ = 1, 20 do
        if s:rest("POST", "/oauth2/v1/token") == 429 then
          return true
        end
      end
    end, 30))
  end)

  describe("that other machines can reach", function()
    local key
    setup(function()
      key = os.tmpname()
      local file = assert(io.open(key, "w"))
      file:write "the-auth-token-0123\n"
      file:close()
      os.execute("chmod 600 " .. key)
    end)
    teardown(function()
      os.remove(key)
    end)

    it("requires its auth token, for REST and for MCP", function()
      local s = start { "--listen", "0.0.0.0", "--auth-token-file", key,
        "--allow-host", "api.example" }
      for _, headers in ipairs { {}, { Authorization = "Bearer x" } } do
        local status, answer = s:rest("POST", TOKEN .. "?token="
          .. "the-auth-token-0123", { headers = headers })
        assert.equal(401, status)
        assert.equal("Bearer", answer["www-authenticate"])
        status, answer = s:send(s.mcp_url, "POST", { headers = headers,
          body = "{}" })
        assert.equal(401, status)
        assert.equal("Bearer", answer["www-authenticate"])
      end
      local open = { Authorization = "Bearer the-auth-token-0123" }
      assert.equal(200, (s:rest("POST", TOKEN, { headers = open })))
      open.Host = "api.example:99"
      assert.equal(200, (s:rest("POST", TOKEN, { headers = open })))
      open.Host = "other.example"
      assert.equal(403, (s:rest("POST", TOKEN, { headers = open })))
    end)

    it("reads its auth token again at a reload", function()
      local s = start { "--auth-token-file", key }
      local function opens(word)
        return s:rest("GET", "/metrics", { fresh_connect = true,
          headers = { Authorization = "Bearer " .. word } }) == 200
      end
      assert.is_true(opens "the-auth-token-0123")
      local file = assert(io.open(key, "w"))
      file:write "another-auth-token"
      file:close()
      s.program:signal "HUP"
      assert.is_true(process.eventually(function()
        return opens "another-auth-token"
      end))
      assert.is_false(opens "the-auth-token-0123")
    end)
  end)

  describe("at its end", function()
    it("finishes its calls, exits with 0 and leaves nothing", function()
      e:config { token_latency = 1 }
      local s = start()
      local call = load.start { url = s.rest_url, path = TOKEN,
        method = "POST", count = 1, at_once = 1 }
      assert.is_true(process.eventually(function()
        return e:count("POST " .. TOKEN) == 1
      end))
      s.program:signal "TERM"
      assert.same({ ["200"] = 1 }, call:finish().statuses)
      assert.equal(0, s.program:wait(60))
      assert.is_false(exists(s.dir))
      assert.is_false(exists(s.ready_file))
    end)

    it("waits ten seconds at most", function()
      e:config { token_latency = 25 }
      local s = start()
      local call = load.start { url = s.rest_url, path = TOKEN,
        method = "POST", count = 1, at_once = 1 }
      assert.is_true(process.eventually(function()
        return e:count("POST " .. TOKEN) == 1
      end))
      s.program:signal "TERM"
      assert.equal(0, s.program:wait())
      assert.is_nil(call:finish().statuses["200"]) -- it would take longer
    end)

    for _, signal in ipairs { "INT", "QUIT" } do
      it("ends at " .. signal .. " with exit code 0", function()
        local s = start()
        local master = s:master()
        s.program:signal(signal)
        assert.equal(0, s.program:wait(60))
        assert.is_false(process.alive(master))
      end)
    end

    it("ends with --until-eof when its parent is gone", function()
      local s = start(nil, { eof = true })
      local master = s:master()
      assert.equal(0, s:stop())
      assert.is_false(process.alive(master))
    end)

    it("leaves nothing when it is killed with KILL", function()
      local s = start()
      local master, dir = s:master(), s.dir
      s.program:signal "KILL"
      assert.is_true(process.eventually(function()
        return not process.alive(master) and not exists(dir)
      end))
    end)
  end)

  it("reloads at HUP with the same token, and no call fails", function()
    local s = start { "--workers", "2" }
    local token, old = s:token(), s:workers()
    local function gone()
      for _, pid in ipairs(old) do
        if process.alive(pid) then
          return false
        end
      end
      return true
    end
    s.program:signal "HUP"
    -- Each on a connection of its own: an idle one may end at any time.
    assert.is_true(process.eventually(function()
      for _ = 1, 20 do
        local status, said = s:rest("POST", TOKEN, { fresh_connect = true })
        assert.equal(200, status, status or said)
      end
      return gone()
    end))
    assert.equal(token, s:token())
    assert.equal(1, e:count("POST " .. TOKEN))
    assert.is_true(s.program:alive())
  end)

  it("leaves its token for the next one, unless there is no store", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local tokens = {}
    for i, words in ipairs { {}, {}, { "--no-store" } } do
      local s = serve.start(e, words, { env = { XDG_RUNTIME_DIR = dir } })
      tokens[i] = s:token()
      s:stop()
    end
    assert.equal(tokens[1], tokens[2])
    assert.not_equal(tokens[1], tokens[3])
    assert.equal(2, e:count("POST " .. TOKEN))
    -- The command uses the same store.
    local _, out = command.run({ "token" }, { env = command.env(e,
      { XDG_RUNTIME_DIR = dir }) })
    assert.equal(tokens[1] .. "\n", out)
  end)

  it("reads a file with the secret from its working directory", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local file = assert(io.open(dir .. "/secret", "w"))
    file:write(e.client_secret, "\n")
    file:close()
    local s = start(nil, { folder = dir, env = {
      EQUINIX_API_CLIENTSECRET = false,
      EQUINIX_API_CLIENTSECRET_FILE = "secret" } })
    assert.equal("string", type(s:token()))
  end)
end)

describe("equinix-auth serve does not start", function()
  local ENV = { EQUINIX_API_CLIENTID = "a", EQUINIX_API_CLIENTSECRET = "b" }

  local function refuses(words, env)
    local all = { "serve" }
    for _, word in ipairs(words) do
      all[#all + 1] = word
    end
    local code, out, said = command.run(all, { env = env or ENV })
    assert.equal("", out)
    return code, said
  end

  local function one_line(code, said, pattern, wanted)
    assert.equal(wanted or 1, code, said)
    assert.matches("^[^\n]+\n$", said)
    assert.matches(pattern, json.decode(said).message)
  end

  it("on a port that is in use", function()
    local socket = assert(require("socket").bind("127.0.0.1", 0))
    finally(function()
      socket:close()
    end)
    local _, port = socket:getsockname()
    port = ("%d"):format(port)
    for _, names in ipairs { { "--rest-port", "--mcp-port" },
      { "--mcp-port", "--rest-port" } } do
      local code, said = refuses { names[1], port, names[2], "0" }
      one_line(code, said, "127.0.0.1:" .. port .. " is already in use")
    end
  end)

  it("on an address that is not this machine's", function()
    local key = os.tmpname()
    finally(function()
      os.remove(key)
    end)
    local file = assert(io.open(key, "w"))
    file:write "the-auth-token-0123\n"
    file:close()
    os.execute("chmod 600 " .. key)
    local code, said = refuses { "--listen", "192.0.2.1", "--rest-port", "0",
      "--mcp-port", "0", "--auth-token-file", key }
    one_line(code, said, "can't listen on 192.0.2.1:%d+: %u")
  end)

  it("without credentials", function()
    local code, said = refuses({}, {})
    one_line(code, said, "EQUINIX_API_CLIENTID", 2)
  end)

  it("without an nginx", function()
    local code, said = refuses { "--nginx", "/nowhere" }
    assert.equal(2, code)
    assert.matches("^equinix%-auth: %-%-nginx: there is no nginx at "
      .. "/nowhere\n", said)
  end)

  it("without its auth token", function()
    local code, said = refuses { "--auth-token-file", "/nowhere" }
    one_line(code, said, "%-%-auth%-token%-file: .*/nowhere", 2)
  end)
end)
