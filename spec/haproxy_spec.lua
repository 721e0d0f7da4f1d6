-- haproxy: the gateway in a real HAProxy with four threads.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local haproxy = require "spec.support.haproxy"
local paged = require "spec.support.paged"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local missing = haproxy.missing()
if missing then
  pending("the gateway in HAProxy: " .. missing)
  return
end

-- Both sides of the wire. What it does is set by paths under /set/. A request
-- that comes without a token of ours, or after the end of its token, is 401
-- and counted.
local SERVER = [[
  local c = ...
  local s = c.share
  s.issued, s.life, s.wrong, s.ends = s.issued or 0, s.life or 3600,
    s.wrong or 0, s.ends or {}
  local now = require("socket").gettime
  local function json(status, text, more)
    c:send(("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s"
      .. "Content-Length: %d\r\n\r\n%s"):format(status, more or "", #text,
      text))
  end
  for request in function() return c:request() end do
    local path, sent = request.path, request.headers.authorization
    local name, value = path:match "^/set/(%w+)/(.*)"
    if name then
      s[name] = tonumber(value) or value
      json("200 OK", "{}")
    elseif path == "/oauth2/v1/token" then
      local started = now()
      c:sleep(s.slow or 0)
      if s.fail == 1 then
        json("500 Internal Server Error", "{}")
      else
        s.issued = s.issued + 1
        s.ends["Bearer token" .. s.issued] = started + s.life
        json("200 OK", ('{"access_token":"token%d","token_timeout":%d,'
          .. '"token_type":"Bearer"}'):format(s.issued, s.life))
      end
    elseif path == "/wrong" then
      json("200 OK", tostring(s.wrong))
    elseif not s.ends[sent] or now() > s.ends[sent] then
      s.wrong = s.wrong + 1
      json("401 Unauthorized", "{}")
    elseif s.refused and sent == "Bearer " .. s.refused then
      json("401 Unauthorized", "{}")
    else
      json("200 OK", sent)
    end
  end
]]

local MINE = { { "Authorization", "Bearer mine" },
  { "authorization", "Basic bWluZTptaW5l" } }

describe("the gateway in HAProxy", function()
  local server, h, handle

  local function set(name, value)
    assert(handle:get(("%s/set/%s/%s"):format(server.url, name, value)))
  end
  local function wrong()
    return tonumber((assert(handle:get(server.url .. "/wrong")).body))
  end
  local function token_requests()
    local n = 0
    for _, request in ipairs(server:requests()) do
      n = n + (request.path == "/oauth2/v1/token" and 1 or 0)
    end
    return n
  end

  local function start(o)
    o.server = server
    o.lua = o.lua or "gateway.serve(demo())"
    h = haproxy.start(o)
    return h
  end

  before_each(function()
    server, handle = rawserver.start(SERVER), Handle.new()
  end)
  after_each(function()
    if h then
      h:stop()
      h = nil
    end
    handle:close()
    server:stop()
  end)

  local function lines_with(words)
    return select(2, ("\n" .. h:log()):gsub("\nequinix gateway: " .. words,
      ""))
  end

  -- 200 with our token, or 503 as promised.
  local function check(response)
    if response.status == 200 then
      assert.matches("^Bearer token%d+$", response.body)
    else
      assert.equal(503, response.status)
      assert.matches("^%d+$", Handle.header(response, "Retry-After"))
      assert.equal("no-store", Handle.header(response, "Cache-Control"))
      assert.matches('"status":503', response.body, 1, true)
    end
    return response.status
  end

  for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
    describe("by " .. load, function()
      it("asks once for all that begin at once, and serves their tokens",
        function()
          start { load = load }
          for _, response in ipairs(h:burst(100, "/first", MINE)) do
            check(response)
          end
          h:served "/then"
          for _, response in ipairs(h:burst(200, "/then", MINE)) do
            assert.equal(200, check(response))
          end
          assert.equal(1, token_requests())
          assert.equal(0, wrong())
        end)

      it("stays alive while the token endpoint hangs, and says 503",
        function()
          set("slow", 4) -- HAProxy's watchdog waits for two
          start { load = load }
          assert(process.eventually(function()
            return token_requests() == 1
          end))
          local pings = 0
          local served = process.eventually(function()
            for _, response in ipairs(h:burst(20, "/x", MINE)) do
              check(response)
            end
            pings = pings + (h:get("/_ping").body == "pong" and 1 or 0)
            return check(h:get "/x") == 200
          end)
          assert.is_true(served and pings > 10 and h:alive(), h:log())
          assert.same({ 1, 0 }, { token_requests(), wrong() })
        end)

      it("renews once after the API's 401", function()
        start { load = load, services = { "old" }, lua = [[
          local old = require "spec.support.old_token"
          local client = demo()
          gateway.serve(client)
          service("old", function() old(client) end)
        ]] }
        assert.equal("Bearer token1", h:served("/x").body)
        h:ask "old"
        set("refused", "token1")
        local unauthorized = 0
        for _, response in ipairs(h:burst(100, "/x")) do
          if response.status == 401 then
            unauthorized = unauthorized + 1
          else
            check(response)
          end
        end
        assert.is_true(unauthorized > 0)
        assert.equal("Bearer token2", h:served("/x").body)
        assert.equal(2, token_requests())
      end)

      it("renews ahead, without a request that waits or fails", function()
        set("life", 3)
        start { load = load }
        h:served "/x"
        assert(process.eventually(function()
          for _, response in ipairs(h:burst(10, "/x")) do
            assert.equal(200, check(response))
          end
          return token_requests() >= 3
        end))
        assert.equal(0, wrong())
      end)

      it("keeps a map, for a configuration without Lua for each request",
        function()
          set("life", 5)
          start { load = load, lua = [[
            local here = debug.getinfo(1, "S").source:match "@(.*)/"
            gateway.serve(demo(), { map = here .. "/equinix.map" })
          ]], backend = [[
            http-request set-var(txn.equinix_authorization) ]]
            .. "str(authorization),map(@dir@/equinix.map)" .. [[

            http-request return status 503 content-type text/plain ]]
            .. [[string '"status":503' hdr Retry-After 5 hdr Cache-Control ]]
            .. [[no-store unless { var(txn.equinix_authorization) -m found }
            http-request set-header Authorization ]]
            .. [[%[var(txn.equinix_authorization)]
            http-response lua.equinix_401 if { status 401 }
          ]] }
          h:served "/x"
          assert(process.eventually(function()
            assert.equal(200, check(h:get("/x", MINE)))
            return token_requests() >= 2
          end))
          set("fail", 1)
          assert(process.eventually(function()
            return check(h:get("/x", MINE)) == 503
          end))
          for _, response in ipairs(h:burst(50, "/x", MINE)) do
            check(response)
          end
          assert.equal(0, wrong())
        end)
    end)
  end

  for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
    it("says why in its log, once, and not to the caller: " .. load, function()
      set("fail", 1)
      start { load = load }
      assert(process.eventually(function()
        return h:log():find("gateway: no token: ", 1, true)
      end))
      for _, response in ipairs(h:burst(50, "/x", MINE)) do
        assert.equal(503, check(response))
        assert.is_nil(response.body:find "500")
      end
      local count = token_requests()
      assert(process.eventually(function() -- it goes on to try
        return token_requests() > count
      end))
      assert.equal(1, lines_with "no token: ")
      set("fail", 0)
      h:served "/x"
      assert(process.eventually(function()
        return lines_with "there is a token again" == 1
      end))
      assert.equal(0, wrong())
    end)
  end

  it("keeps two clients apart", function()
    start { lua = [[
      gateway.serve(demo())
      gateway.serve(demo { client_id = "another" }, { name = "other" })
    ]], backend = [[
      http-request lua.equinix unless { path_beg /other }
      http-request lua.other if { path_beg /other }
    ]] }
    local first, second = h:served("/x").body, h:served("/other").body
    assert.not_equal(first, second)
    for _ = 1, 10 do
      assert.equal(first, h:get("/x", MINE).body)
      assert.equal(second, h:get("/other", MINE).body)
    end
    assert.equal(2, token_requests())
  end)

  for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
    it("ends when it is told, with a token request under way: " .. load,
      function()
        set("slow", 20)
        start { load = load }
        assert(process.eventually(function()
          return token_requests() == 1
        end))
        h.handle:close() -- HAProxy waits for connections
        h.process:signal "USR1"
        assert.equal(0, h.process:wait(60))
        h.handle = Handle.new()
      end)
  end

  it("says 503 for a client that is closed, and for one that raises",
    function()
      start { services = { "close", "raise" }, lua = [[
        local client = demo()
        gateway.serve(client)
        service("close", function() client:close() end)
        service("raise", function()
          client.authorization = function() error "on purpose" end
        end)
      ]] }
      h:served "/x"
      for _, name in ipairs { "close", "raise" } do
        h:ask(name)
        for _, response in ipairs(h:burst(20, "/x", MINE)) do
          assert.equal(503, check(response))
        end
      end
      assert.equal(0, wrong())
    end)

  it("runs a program's own tasks, in which a client waits", function()
    start { services = { "done" }, lua = [[
      local client, said = demo(), {}
      gateway.serve(client)
      gateway.run(function()
        error "on purpose"
      end)
      gateway.run(function()
        local response = assert(client:get "/own")
        local n = 0
        for i = 1, 1e7 do n = n + i % 2 end -- HAProxy would interrupt it
        gateway.sleep(0.1)
        said[#said + 1] = response.body .. " " .. n
      end)
      service("done", function()
        local _, err = client:get "/no/task"
        return said[1] and said[1] .. " " .. err.code or ""
      end)
    ]] }
    assert(process.eventually(function()
      return h:ask "done" == "Bearer token1 5000000 cannot_wait"
    end), h:log())
    assert.matches("a task raised an error: [^\n]*on purpose", h:log())
  end)

  it("reads lists ahead in a program's own task", function()
    local list = paged.start()
    finally(function()
      list:stop()
    end)
    start { services = { "done" }, lua = [[
      local client, n = demo { base_url = "]] .. list.url .. [[" }, 0
      gateway.serve(demo())
      gateway.run(function()
        for item in client:items "/list?total=50&size=1&hold=8&from=3" do
          n = item.id == n + 1 and item.id or -1
        end
      end)
      service("done", function() return n end)
    ]] }
    assert(process.eventually(function()
      return h:ask "done" == "50"
    end), h:log())
    assert.equal(8, list:state().most)
  end)

  it("does not start with a file that can't be read", function()
    for option, words in pairs {
      client_secret_file = "client_secret_file can't be read: /nowhere: ",
      ca_file = "ca_file can't be read: /nowhere: ",
    } do
      local output, code = haproxy.fail { server = server,
        lua = ("gateway.serve(demo { client_secret = %s, %s = '/nowhere' })")
          :format(option == "client_secret_file" and "false" or "nil",
            option) }
      assert.equal(1, code)
      assert.is_truthy(output:find(words, 1, true), output)
    end
  end)

  it("says what to do outside of HAProxy", function()
    local ok, message = pcall(function()
      require("equinix.haproxy").serve({})
    end)
    assert.is_false(ok)
    assert.matches("haproxy_spec.lua:%d+: equinix.haproxy works inside "
      .. "HAProxy only: load this file with lua%-load", message)
  end)
end)

describe("the gateway in a HAProxy that changes root and user", function()
  local made, server, h
  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  after_each(function()
    h:stop()
    server:stop()
  end)

  for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
    it("renews there by TLS, with a secret of a file: " .. load, function()
      if process.capture "id -u" ~= "0" then
        pending "only root can chroot"
        return
      end
      server = rawserver.start(SERVER, made.good)
      local empty, secret = made.dir .. "/empty", made.dir .. "/secret"
      process.capture(("mkdir -p %s; echo secret >%s; chmod 600 %s"):format(
        empty, secret, secret))
      local handle = Handle.new()
      assert(handle:get(server.url .. "/set/life/3",
        { ca_file = made.ca_file }))
      handle:close()
      h = haproxy.start { server = server, load = load,
        global = "  chroot " .. empty .. "\n  user nobody\n  group nogroup",
        lua = ([[gateway.serve(demo { client_secret = false,
          client_secret_file = %q, ca_file = %q })]]):format(secret,
          made.ca_file) }
      h:served "/x"
      assert(process.eventually(function()
        assert.equal(200, h:get("/x", MINE).status)
        return h:get("/x").body == "Bearer token3"
      end), h:log())
      local tokens = 0
      for _, request in ipairs(server:requests()) do
        if request.path == "/oauth2/v1/token" then
          tokens = tokens + 1
          assert.is_truthy(request.body:find('"secret"', 1, true))
        end
      end
      assert.equal(3, tokens)
    end)
  end
end)

describe("names in a HAProxy with another root", function()
  it("are those of that root", function()
    if process.capture "id -u" ~= "0" then
      pending "only root can chroot"
      return
    end
    local made = certificates.make()
    local server = rawserver.start(SERVER, made.wronghost)
    local root = made.dir .. "/root"
    process.capture(("mkdir -p %s/etc; chmod 755 %s"):format(root, made.dir))
    local h = haproxy.start { server = server, global = "  chroot " .. root,
      lua = ([[gateway.serve(demo { ca_file = %q,
        base_url = "https://other.example:%d" })]]):format(made.ca_file,
        server.port) }
    finally(function()
      h:stop()
      server:stop()
      certificates.remove(made)
    end)
    assert(process.eventually(function()
      return h:log():find("other.example", 1, true)
    end), h:log())
    assert.equal(503, h:get("/x").status)
    local file = assert(io.open(root .. "/etc/hosts", "w"))
    file:write "127.0.0.1 other.example\n"
    file:close()
    assert.equal("Bearer token1", h:served("/x", 20).body)
  end)
end)

describe("the gateway in a HAProxy that is reloaded", function()
  local server, h
  before_each(function()
    server = rawserver.start(SERVER)
  end)
  after_each(function()
    h:stop()
    server:stop()
  end)

  -- Requests until one has the token of the process after the reload.
  local function check_reload()
    assert(process.eventually(function()
      local response = h:get("/x", MINE)
      assert.is_true(not response or response.status == 200
        or response.status == 503)
      return response and response.status == 200
        and response.body ~= "Bearer token1"
    end), h:log())
    local handle = Handle.new()
    assert.equal("0", (assert(handle:get(server.url .. "/wrong")).body))
    handle:close()
  end

  it("goes on in the next process: -sf", function()
    h = haproxy.start { server = server, lua = "gateway.serve(demo())" }
    h:served "/x"
    local before = h:start_again()
    check_reload()
    h.handle:close() -- its connections keep the old one alive
    assert.equal(0, before:wait())
    before:stop()
    h.handle = Handle.new()
    assert.equal("Bearer token2", h:served("/x").body)
  end)

  it("goes on in the next worker: master and USR2", function()
    h = haproxy.start { server = server, master = true,
      load = "lua-load-per-thread", lua = "gateway.serve(demo())" }
    assert.equal("Bearer token1", h:served("/x").body)
    local last = 0
    assert(process.eventually(function() -- it ignores early ones
      if os.time() > last + 1 then
        h.process:signal "USR2"
        last = os.time()
      end
      return h:log():find("Reloading HAProxy", 1, true)
    end), h:log())
    check_reload()
  end)

  it("has a token at once that the loaded file fetched", function()
    h = haproxy.start { server = server, lua = [[
      assert(demo { transport = require "equinix.transport.curl" }:token())
      gateway.serve(demo())
    ]] }
    assert.equal("Bearer token1", h:get("/x").body)
    local before = h:start_again()
    assert(process.eventually(function()
      local response = h:get("/x", MINE)
      assert.is_true(not response or response.status == 200, h:log())
      return response and response.body == "Bearer token2"
    end), h:log())
    h.handle:close()
    before:wait()
    before:stop()
    h.handle = Handle.new()
  end)
end)
