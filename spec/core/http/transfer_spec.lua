-- transfer: sent once, in time, and nothing left of the one before.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local h2server = require "spec.support.h2server"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

describe("a transfer", function()
  local server, handle

  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    if server then
      server:stop()
      server = nil
    end
  end)

  local function count(method)
    local n = 0
    for _, request in ipairs(server:requests()) do
      n = n + (request.method == method and 1 or 0)
    end
    return n
  end

  describe("on a reused connection that dies", function()
    -- Each connection serves one request, reads the next one and closes: there
    -- libcurl would send it again.
    local DIES = [[
      local c, n = ...
      c:request()
      c:send(c.ok("answer " .. n))
      c:request()
      %s
    ]]

    for _, way in ipairs { "close", "reset" } do
      local how = (" (%s)"):format(way)

      before_each(function()
        server = rawserver.start(DIES:format("c:" .. way .. "()"))
        assert(handle:get(server.url, { may_resend = true }))
      end)

      -- Sent once, and never reported as unsent.
      local function assert_once(method, response, err)
        assert.are.equal(1, count(method))
        assert.are.equal(Handle.ANNOUNCES, response == nil)
        assert.is_true(response ~= nil or err.maybe_sent)
      end

      it("repeats a POST never" .. how, function()
        assert_once("POST", handle:post(server.url, { body = "order" }))
      end)

      it("repeats a POST without a body never" .. how, function()
        assert_once("POST", handle:post(server.url))
      end)

      it("repeats a DELETE never, unless allowed" .. how, function()
        assert_once("DELETE", handle:send("DELETE", server.url))
      end)

      it("repeats a large POST never" .. how, function()
        assert_once("POST", handle:post(server.url,
          { body = ("x"):rep(3000000) }))
      end)

      it("repeats what may be repeated, at once" .. how, function()
        local response = assert(handle:get(server.url, { may_resend = true }))
        assert.are.equal("answer 2", response.body)
        assert.are.equal(3, count "GET")
      end)

      it("repeats a body whole, where allowed" .. how, function()
        local body = ("xyz"):rep(1000)
        local response = assert(handle:send("PUT", server.url,
          { body = body, may_resend = true }))
        assert.are.equal("answer 2", response.body)
        local requests = server:requests()
        assert.are.equal(body, requests[#requests].body)
      end)

      it("repeats a POST of send_many never" .. how, function()
        local results = handle.http:send_many(
          { Handle.request("POST", server.url, { body = "order" }) }, 1, 10)
        assert_once("POST", results[1].response, results[1].err)
      end)
    end
  end)

  it("reports that nothing was sent when no server listens", function()
    local port = Handle.closed_port()
    local response, err = handle:post("http://127.0.0.1:" .. port,
      { body = "x" })
    assert.is_nil(response)
    assert.are.same({ "network", "ECONNREFUSED", false },
      { err.kind, err.code, err.maybe_sent })
  end)

  it("reports that nothing was sent when there is no such host", function()
    local response, err = handle:post("http://no-such-host.invalid/",
      { body = "x" })
    assert.is_nil(response)
    assert.are.same({ "network", "CURLE_COULDNT_RESOLVE_HOST", false },
      { err.kind, err.code, err.maybe_sent })
  end)

  it("reports that something was sent when there is no response", function()
    server = rawserver.start "local c = ... c:request()"
    local response, err = handle:post(server.url, { body = "x" })
    assert.is_nil(response)
    assert.are.same({ "network", "CURLE_GOT_NOTHING", true },
      { err.kind, err.code, err.maybe_sent })
  end)

  it("without time sends nothing and fails at once", function()
    server = rawserver.start "local c = ... c:request()"
    for _, seconds in ipairs { 0, -1, -math.huge } do
      local response, err = handle:get(server.url, nil, seconds)
      assert.is_nil(response)
      assert.are.same({ "timeout", false }, { err.kind, err.maybe_sent })
      response, err = handle:get(server.url, { connect_timeout = seconds })
      assert.is_nil(response)
      assert.are.same({ "timeout", false }, { err.kind, err.maybe_sent })
    end
    assert.are.equal(0, server:connections())
  end)

  it("ends at its deadline, in every phase", function()
    for what, script in pairs {
      ["no answer"] = "c:request() c:hangup()",
      ["half a header"] = 'c:request() c:send "HTTP/1.1 200 OK\\r\\nA" '
        .. 'c:hangup()',
      ["half a body"] = 'c:request() c:send "HTTP/1.1 200 OK\\r\\n'
        .. 'Content-Length: 9\\r\\n\\r\\nhalf" c:hangup()',
      ["a trickle"] = 'c:request() c:send "HTTP/1.1 200 OK\\r\\n\\r\\n" '
        .. 'while c:send "x" do c:sleep(0.01) end',
    } do
      server = rawserver.start("local c = ... " .. script)
      local before = core.now()
      local response, err = handle:get(server.url, nil, 0.2)
      local took = core.now() - before
      assert.is_nil(response, what)
      assert.are.same({ "timeout", "CURLE_OPERATION_TIMEDOUT", true },
        { err.kind, err.code, err.maybe_sent }, what)
      assert.is_true(took >= 0.19, what)
      server:stop()
      server = nil
    end
  end)

  it("has sent nothing when TLS takes too long", function()
    -- This server speaks no TLS; it waits until the client closes.
    server = rawserver.start "local c = ... c:hangup()"
    local url = server.url:gsub("^http:", "https:")
    local response, err = handle:post(url, { body = "x" }, 0.2)
    assert.is_nil(response)
    assert.are.same({ "timeout", false }, { err.kind, err.maybe_sent })
    response, err = handle:post(url, { body = "x", connect_timeout = 0.2 })
    assert.is_nil(response)
    assert.are.same({ "timeout", false }, { err.kind, err.maybe_sent })
  end)

  it("may take any time without a limit", function()
    server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "x") end
    ]]
    assert(handle:get(server.url, { connect_timeout = math.huge },
      math.huge))
    assert.are.equal("x", assert(handle:get(server.url,
      { connect_timeout = 1e300 }, 1e300)).body)
  end)

  it("with fresh_connect neither reuses nor keeps a connection", function()
    server = rawserver.start [[
      local c, n = ...
      while c:request() do c:send(c.ok("connection " .. n)) end
    ]]
    local function body(fresh)
      return assert(handle:get(server.url,
        { fresh_connect = fresh, may_resend = true })).body
    end
    assert.are.equal("connection 1", body(true))
    assert.are.equal("connection 2", body(false))
    assert.are.equal("connection 3", body(true))
    assert.are.equal("connection 2", body(false))
  end)

  it("counts the connections it made", function()
    server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "") end
    ]]
    local function connects(fresh)
      return assert(handle:get(server.url,
        { fresh_connect = fresh, may_resend = true })).connects
    end
    assert.are.equal(1, connects(false))
    assert.are.equal(0, connects(false))
    assert.are.equal(1, connects(true))
  end)

  it("works again after every kind of failure", function()
    server = rawserver.start [[
      local c, n = ...
      local request = c:request()
      if not request then
        return
      elseif request.path == "/cut" then
        c:send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
      elseif request.path == "/garbage" then
        c:send "\1\2\3\4 garbage\r\n\r\n"
      elseif request.path == "/slow" then
        c:hangup()
      else
        c:send(c.ok "fine")
      end
    ]]
    for _, path in ipairs { "/cut", "/garbage", "/slow", "/long" } do
      local response = handle:post(server.url .. path,
        { body = "x", max_body = 3 }, path == "/slow" and 0.1 or 10)
      assert.is_nil(response, path)
      assert.are.equal("fine", assert(handle:get(server.url)).body)
    end
  end)

  it("passes no socket to programs that are started", function()
    local file = io.open "/proc/self/stat"
    if not file then
      pending "needs /proc"
      return
    end
    file:close()
    server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "") end
    ]]
    assert(handle:get(server.url))
    -- Its side of the connection, as the kernel lists it: 0100007F:port.
    local inherited = process.capture([[
      for fd in /proc/self/fd/*; do readlink "$fd"; done |
      sed -n 's/socket:\[\(.*\)\]/\1/p' | while read -r inode; do
        grep " $inode " /proc/net/tcp
      done | grep -i ":]] .. ("%04X"):format(server.port) .. [[ "]])
    assert.are.equal("", inherited)
  end)
end)

describe("the end of a body", function()
  local made, handle, server

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    if server then
      server:stop()
      server = nil
    end
  end)

  -- Over TLS; the script has one connection.
  local function serve(script, alpn)
    server = rawserver.start("local c = ... " .. script, {
      key = made.good.key, certificate = made.good.certificate, alpn = alpn,
    })
  end

  -- A GET into a file, and what is in its folder afterwards.
  local function download(fields)
    local dir = process.tempdir()
    fields = fields or {}
    fields.ca_file, fields.sink = made.ca_file, dir .. "/file"
    local response, err = handle:get(server.url, fields)
    local left = process.capture("ls -A " .. dir)
    process.remove(dir)
    return response, err, left
  end

  for _, version in ipairs { "1.0", "1.1" } do
    local HEAD = ("c:request() c:send 'HTTP/%s 200 OK\\r\\n%%s\\r\\nhello' ")
      :format(version)

    it("that nothing marks is not accepted, cut off or not: HTTP/" .. version,
      function()
        for _, way in ipairs { "c:cut()", "c:close()" } do
          serve(HEAD:format "" .. way)
          local response, err, left = download()
          -- Libcurl over GnuTLS can tell a close from a cut.
          if response then
            assert.are.equal("c:close()", way)
            assert.matches("GnuTLS", core.versions().libcurl)
          else
            assert.are.same({ "protocol", "body_end_unknown", false },
              { err.kind, err.code, err.retryable })
            assert.are.equal("", left)
          end
          server:stop()
        end
        server = nil
      end)

    it("that is marked needs no close_notify: HTTP/" .. version, function()
      serve(HEAD:format "Content-Length: 5\\r\\n" .. "c:cut()")
      assert.are.equal("file", (select(3, download())))
    end)

    it("before its length was received is missed: HTTP/" .. version,
      function()
        for _, way in ipairs { "c:cut()", "c:close()" } do
          serve(HEAD:format "Content-Length: 6\\r\\n" .. way)
          local response, _, left = download()
          assert.is_nil(response)
          assert.are.equal("", left)
          server:stop()
        end
        server = nil
      end)
  end

  it("is none where there is no body", function()
    serve [[
      c:request() c:send "HTTP/1.1 200 OK\r\n\r\n"
      c:request() c:send "HTTP/1.1 204 No Content\r\n\r\n"
    ]]
    local fields = { ca_file = made.ca_file, may_resend = true }
    assert(handle:send("HEAD", server.url, fields))
    assert(handle:get(server.url, fields))
  end)

  -- Reads frames (RFC 9113, 4.1); `answer` gets the stream of a request.
  local H2 = [[
    local function frame(kind, flags, stream, payload)
      payload = payload or ""
      return string.char(0, math.floor(#payload / 256), #payload %% 256, kind,
        flags, 0, 0, 0, stream) .. payload
    end
    local DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
    local END_STREAM, END_HEADERS, ACK = 1, 4, 1
    local STATUS_200 = "\x88" -- RFC 7541, appendix A
    local function answer(stream)
      c:send(frame(HEADERS, END_HEADERS, stream, STATUS_200)
        .. frame(DATA, 0, stream, "hello"))
      c:sleep(0.1) -- libcurl misses the body in front of a reset
      c:send(%s)
    end
    c:send(frame(SETTINGS, 0, 0))
    if c:receive(24) ~= "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" then
      return
    end
    while true do
      local head = c:receive(9)
      if not head then
        return
      end
      local high, low, kind, flags = head:byte(2, 5)
      c:receive(high * 256 + low)
      if kind == SETTINGS and flags == 0 then
        c:send(frame(SETTINGS, ACK, 0))
      elseif kind == HEADERS then
        answer(head:byte(9))
      end
    end
  ]]
  local WHOLE = 'frame(DATA, END_STREAM, stream)'
  local CUT = 'frame(RST_STREAM, 0, stream, "\\0\\0\\0\\0")'

  it("in HTTP/2 is the end of the stream", function()
    serve(H2:format(WHOLE), "h2")
    local response, _, left = download()
    assert.are.equal("2", assert(response).http_version)
    assert.are.equal("file", left)
  end)

  it("is certain with http1, which a server of HTTP/2 only does not speak",
    function()
      serve(H2:format(CUT), "h2")
      local response, err, left = download { http1 = true }
      assert.is_nil(response)
      assert.is_truthy(({ protocol = true, tls = true })[err.kind])
      assert.are.equal("", left)
    end)

  it("is certain with http1, on a connection of its own", function()
    server = h2server.start(made.good)
    if not server then
      pending "needs nginx with HTTP/2"
      return
    end
    local versions = {}
    for _, http1 in ipairs { false, true, false } do
      local response = assert(handle:get(server.url, { http1 = http1,
        ca_file = made.ca_file, may_resend = true }))
      versions[#versions + 1] = response.http_version
    end
    assert.are.same({ "2", "1.1" }, { versions[1], versions[2] })
  end)
end)

describe("a proxy that does not connect", function()
  local handle, server

  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    server:stop()
  end)

  local function refuses(status, scheme)
    server = rawserver.start(([[
      local c = ...
      c:request()
      c:send "HTTP/1.1 %d No\r\nContent-Length: 3\r\n\r\nno!"
      c:hangup()
    ]]):format(status))
    local response, err = handle:post("https://api.example/orders?key=k", {
      body = "{}",
      proxy = (scheme or "http://") .. "me:pass-word@127.0.0.1:"
        .. server.port,
    })
    assert.is_nil(response)
    return err
  end

  it("is named, with its status", function()
    for status, words in pairs { [403] = "does not connect to this host",
      [407] = "wants a user name and a password", [502] = "cannot connect",
      [503] = "cannot connect" } do
      local err = refuses(status)
      assert.are.same({ "network", "PROXY_REFUSED", false, false },
        { err.kind, err.code, err.maybe_sent, err.retryable })
      assert.is_truthy(err.message:find(("the proxy 127.0.0.1:%d answered "
        .. "CONNECT with %d: it "):format(server.port, status), 1, true))
      assert.matches(words, err.message)
      assert.is_nil(err.message:find("pass-word", 1, true))
      assert.are.equal(1, #server:requests())
      server:stop()
    end
    refuses(403)
  end)

  it("is named where its URL has no scheme", function()
    assert.matches("the proxy 127.0.0.1:", refuses(403, "").message)
  end)
end)
