-- serve: what it does in bad surroundings: a log without a reader, a signal to
-- the whole process group, a secret that is gone; and that its answer cache
-- never mixes up requests.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local load = require "spec.support.load"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("equinix-auth serve, in bad surroundings: " .. missing)
  return
end

local TOKEN = "/oauth2/v1/token"

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

describe("equinix-auth serve", function()
  local e, dir

  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)
  teardown(function()
    e:stop()
  end)

  -- What an agent may call decides nothing for all others.
  it("goes on serving tokens when an agent calls a path that answers 401",
    function()
      e:config { api_status = 401, scope = "/fabric/v4/ports" }
      local s = serve.start(e, { "--token-exposure", "handle" })
      finally(function()
        s:stop()
      end)
      local function call(name, arguments)
        local _, _, object = s:send(s.mcp_url, "POST", {
          headers = { ["Content-Type"] = "application/json",
            Accept = "application/json, text/event-stream" },
          body = json.encode { jsonrpc = "2.0", id = 1, method = "tools/call",
            params = { name = name, arguments = arguments } } })
        return object.result
      end
      for _ = 1, 8 do
        local token = call "getoauth2accesstoken"
        assert.is_not_true(token.isError, token.content[1].text)
        local result = call("equinix_request", { method = "GET",
          path = "/fabric/v4/ports",
          token_handle = token.structuredContent.token_handle })
        assert.is_true(result.isError)
        assert.matches("^Equinix responded with 401", result.content[1].text)
        assert.not_matches("credentials", result.content[1].text)
        assert.equal(200, (s:rest("POST", TOKEN)))
      end
      assert.equal(1, e:count("POST " .. TOKEN))
    end)

  local function start(words, options)
    local s = serve.start(e, words, options)
    finally(function()
      s:stop()
    end)
    return s
  end

  it("responds and ends although nothing reads its log", function()
    local pipe = dir .. "/pipe"
    assert.equal(0, select(2, process.capture("mkfifo " .. pipe)))
    -- Open for both, so that it is never closed, and never read.
    local s = start(nil, { before = { "sh", "-c", 'exec "$@" 2<>"$0"',
      pipe } })
    local pids = { s:master(), (table.unpack or unpack)(s:workers()) }
    for pid in process.capture("ps -o pid= --ppid " .. s.program.pid)
      :gmatch "%d+" do
      pids[#pids + 1] = tonumber(pid)
    end
    local seen = load.drive { url = s.rest_url, path = "/healthz",
      count = 2000, at_once = 8 }
    assert.same({ ["200"] = 2000 }, seen.statuses)
    s.program:signal "TERM"
    assert.equal(0, s.program:wait(60))
    for _, pid in ipairs(pids) do
      assert.is_false(process.alive(pid))
    end
  end)

  it("finishes its calls when Ctrl-C goes to the whole group", function()
    if select(2, process.capture "command -v setsid") ~= 0 then
      pending "setsid is not here"
      return
    end
    e:config { token_latency = 1 }
    for _, signal in ipairs { "INT", "TERM" } do
      e:reset()
      e:config { token_latency = 1 }
      local s = start({ "--no-store" }, { before = { "setsid" } })
      local call = load.start { url = s.rest_url, path = TOKEN,
        method = "POST", count = 1, at_once = 1 }
      assert.is_true(process.eventually(function()
        return e:count("POST " .. TOKEN) == 1
      end))
      os.execute(("kill -%s -%d"):format(signal, s.program.pid))
      assert.same({ ["200"] = 1 }, call:finish().statuses)
      assert.equal(0, s.program:wait(60))
    end
  end)

  describe("with a secret in a file", function()
    local secret, env
    before_each(function()
      secret = dir .. "/secret"
      env = { EQUINIX_API_CLIENTSECRET = false,
        EQUINIX_API_CLIENTSECRET_FILE = secret }
    end)

    it("does not start without that file, and says so", function()
      local all = command.env(e, env)
      all.XDG_RUNTIME_DIR = dir
      local code, out, said = command.run({ "serve", "--rest-port", "0",
        "--mcp-port", "0", "--no-store" }, { env = all })
      assert.equal(2, code, said)
      assert.equal("", out)
      assert.matches("^client_secret_file can't be read: ",
        json.decode(said).message)
    end)

    it("goes on while the file is gone, even over a reload", function()
      write(secret, e.client_secret .. "\n")
      local s = start({ "--workers", "4", "--no-store" }, { env = env })
      local token, workers = s:token(), s:workers()
      os.remove(secret)
      local function all_get_it()
        for _ = 1, 20 do
          local status, _, object, text = s:rest("POST", TOKEN,
            { fresh_connect = true })
          assert.equal(200, status, text)
          assert.equal(token, object.access_token)
        end
      end
      all_get_it()
      s.program:signal "HUP"
      assert.is_truthy(process.eventually(function()
        return s:log():find("client_secret_file can't be read", 1, true)
      end))
      all_get_it()
      assert.same(workers, s:workers())
      write(secret, e.client_secret .. "\n")
      s.program:signal "HUP"
      assert.is_true(process.eventually(function()
        return s:workers()[1] ~= workers[1]
      end))
      all_get_it()
      assert.equal(1, e:count("POST " .. TOKEN))
    end)
  end)

  it("refuses a request target with an unknown host", function()
    local s = start()
    local function status(port, target, host)
      local raw = assert(require("socket").connect("127.0.0.1", port))
      raw:settimeout(60)
      raw:send(("POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
        .. "Content-Length: 0\r\n\r\n"):format(target, host))
      local text = raw:receive "*a"
      raw:close()
      local number = tonumber(text:match "^HTTP/1.1 (%d+)")
      if number == 403 then
        assert.equal(403, json.decode(text:match "\r\n\r\n(.*)$").status)
      end
      return number
    end
    for port, path in pairs { [s.rest_port] = TOKEN, [s.mcp_port] = "/mcp" }
    do
      for _, host in ipairs { "localhost", "LOCALHOST:1", "127.0.0.1",
        "[::1]:9" } do
        assert.not_equal(403, status(port, path, host), host)
        assert.equal(403, status(port, "http://evil" .. path, host), host)
        assert.equal(403, status(port, "http://evil:80" .. path, host), host)
      end
      assert.equal(403, status(port, "http://localhost" .. path, "evil"))
      assert.not_equal(403, status(port, "http://localhost:1" .. path,
        "localhost:1"))
    end
  end)

  describe("with the same request again and again", function()
    local s, raw
    local HEAD = "POST " .. TOKEN .. " HTTP/1.1\r\nHost: localhost\r\n"
    before_each(function()
      s = serve.start(e, { "--workers", "1" })
      raw = assert(require("socket").connect("127.0.0.1", s.rest_port))
      raw:settimeout(60)
    end)
    after_each(function()
      raw:close()
      s:stop()
    end)

    local function send(head)
      assert(raw:send(head))
      local status = tonumber(raw:receive("*l"):match " (%d+)")
      local length
      for line in function() return raw:receive "*l" end do
        length = tonumber(line:match "^Content%-Length: (%d+)") or length
        if line == "" then
          break
        end
      end
      return status, json.decode((raw:receive(length)))
    end

    -- nginx gives Lua a head that lies in several buffers, or beside others.
    it("tells heads apart that come together, in pieces, or are long",
      function()
        local EVIL = "Origin: http://evil\r\n"
        local long = "X-Long: " .. ("x"):rep(1500) .. "\r\n"
        local longer = ("X-Longer: " .. ("y"):rep(5000) .. "\r\n"):rep(3)
        local count = 0
        local function ok(head)
          local status, object = send(head)
          count = count + 1
          return status == 200 and object.access_token
        end
        local first = assert(ok(HEAD .. "\r\n"))
        for i = 1, 3 do
          for _, more in ipairs { "", long, longer, long .. longer } do
            local fields = "X-Id: " .. i .. "\r\n"
            assert.equal(first, ok(HEAD .. more .. "\r\n"))
            assert.equal(first, ok(HEAD .. fields .. more .. "\r\n"))
            assert.equal(403, (send(HEAD .. more .. EVIL .. "\r\n")))
            assert.equal(403, (send(HEAD .. EVIL .. more .. "\r\n")))
            assert(raw:send(HEAD .. more))
            assert.equal(403, (send(EVIL .. "\r\n")))
            assert.equal(first, ok(HEAD .. more .. "If-Match:\r\n\r\n"))
          end
          assert(raw:send(HEAD .. EVIL .. "\r\n" .. HEAD .. "\r\n" .. HEAD
            .. EVIL .. "\r\n"))
          assert.equal(403, (send(HEAD .. "\r\n")))
          assert.equal(first, ok "")
          assert.equal(403, (send ""))
          assert.equal(first, ok "")
        end
        assert.equal(count, s:metric(('equinix_requests_total{face="rest",'
          .. 'path="%s",status="200"}'):format(TOKEN)))
      end)

    it("answers a request without a head", function()
      assert.equal(200, (send(HEAD .. "\r\n")))
      local other = assert(require("socket").connect("127.0.0.1",
        s.rest_port))
      other:settimeout(60)
      assert(other:send("GET " .. TOKEN .. "\r\n")) -- HTTP/0.9
      -- It names no host.
      assert.matches('"status":403', (other:receive "*a"), 1, true)
      other:close()
      assert.equal(200, (send(HEAD .. "\r\n")))
    end)

    it("checks the headers and the body of each", function()
      local function token(head)
        local status, object = send(head)
        return status == 200 and object.access_token
      end
      local first = assert(token(HEAD .. "\r\n"))
      local body = '{"client_id":"x","client_secret":"y",'
        .. '"grant_type":"client_credentials"}'
      for _ = 1, 3 do
        assert.equal(first, token(HEAD .. "\r\n"))
        assert.equal(first, token(HEAD .. "Content-Length: 0\r\n\r\n"))
        assert.equal(first, token(HEAD .. "X-A: b\r\n\r\n"))
        -- nginx itself would respond to these, with or without a page.
        for _, field in ipairs { 'If-Match: "x"', "If-Match:",
          "If-Unmodified-Since:", "If-None-Match: *",
          "If-Unmodified-Since: Thu, 01 Jan 2009 00:00:00 GMT" } do
          assert.equal(first, token(HEAD .. field .. "\r\n\r\n"), field)
        end
        for _, origin in ipairs { "", " http://evil", " null",
          "\r\nOrigin: http://evil", " http://localhost\r\nOrigin: x" } do
          assert.equal(403, (send(HEAD .. "Origin:" .. origin .. "\r\n\r\n")))
        end
        assert.equal(403, (send((HEAD:gsub("/oauth2", "http://evil%0"))
          .. "\r\n")))
        assert.equal(403, (send((HEAD:gsub("localhost", "evil"))
          .. "\r\n")))
        local status, object = send(HEAD .. "Content-Type: application/json"
          .. "\r\nTransfer-Encoding: chunked\r\n\r\n"
          .. ("%x\r\n%s\r\n0\r\n\r\n"):format(#body, body))
        assert.is_true(status >= 400 and status < 500)
        assert.is_nil(object.access_token)
      end
      assert.equal(200, (send((HEAD:gsub(TOKEN, TOKEN:gsub("token",
        "refreshaccesstoken"))) .. "\r\n")))
      local second = token(HEAD .. "\r\n")
      assert.not_equal(first, second)
    end)

    it("works with more different requests than it can store", function()
      for port = 1, 200 do
        assert.equal(200, (send((HEAD:gsub("localhost", "localhost:" .. port))
          .. "\r\n")))
      end
      assert.equal(200, (send(HEAD .. "\r\n")))
    end)
  end)
end)
