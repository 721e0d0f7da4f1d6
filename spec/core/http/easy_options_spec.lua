-- easy_options: what is sent, which servers are trusted, and what is ignored.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local ANSWER = [[
  local c = ...
  for request in function() return c:request() end do
    c:send(request.method == "HEAD" and "HTTP/1.1 200 OK\r\n"
      .. "Content-Length: 5\r\n\r\n" or c.ok "hello")
  end
]]

local INTERPRETER = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

describe("what is sent:", function()
  local server, handle

  before_each(function()
    server = rawserver.start(ANSWER)
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    server:stop()
  end)

  local function sent(method, fields)
    assert(handle:send(method, server.url .. "/path", fields))
    local requests = server:requests()
    local request = requests[#requests]
    assert.are.equal(method, request.method)
    return request
  end

  it("a method without a body announces none", function()
    for _, method in ipairs { "GET", "HEAD", "DELETE", "OPTIONS", "PURGE",
      "M-SEARCH" } do
      local request = sent(method)
      assert.is_nil(request.headers["content-length"], method)
      assert.is_nil(request.headers["transfer-encoding"], method)
      assert.is_nil(request.headers["content-type"], method)
    end
  end)

  it("POST, PUT and PATCH without a body announce an empty one", function()
    for _, method in ipairs { "POST", "PUT", "PATCH" } do
      local request = sent(method)
      assert.are.equal("0", request.headers["content-length"], method)
      assert.is_nil(request.headers["content-type"], method)
    end
  end)

  it("a body goes with any other method, byte by byte", function()
    local body = "a\0b\r\n\r\nc" .. ("\255"):rep(100000)
    for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE", "GET",
      "SEARCH" } do
      local request = sent(method, { body = body })
      assert.are.equal(body, request.body, method)
      assert.are.equal(tostring(#body), request.headers["content-length"])
      assert.is_nil(request.headers["content-type"], method)
    end
  end)

  it("methods in any order do not affect each other", function()
    for _, method in ipairs { "POST", "GET", "HEAD", "GET", "PUT", "HEAD",
      "DELETE", "POST", "DELETE", "GET", "PATCH", "POST", "GET" } do
      local fields = method:find "^P" and { body = method } or nil
      local request = sent(method, fields)
      assert.are.equal(fields and method or "", request.body)
    end
  end)

  it("HEAD does not wait for a body", function()
    local response = assert(handle:send("HEAD", server.url))
    assert.are.equal("", response.body)
    assert.are.equal("5", Handle.header(response, "Content-Length"))
    assert.are.equal("hello", assert(handle:get(server.url)).body)
  end)

  it("no request expects 100-continue", function()
    -- Libcurl does it by default for bodies over a megabyte.
    local request = sent("POST", { body = ("x"):rep(2 * 1024 * 1024) })
    assert.is_nil(request.headers.expect)
  end)

  it("headers go as given, also empty ones and doubled ones", function()
    local request = sent("GET", { headers = {
      { "X-Empty", "" }, { "X-Blank", " \t" }, { "X-Two", "1" },
      { "X-Two", "2" }, { "Accept", "application/json" },
      { "X-Odd", "a:b;c\195\169" },
    } })
    assert.are.equal("", request.headers["x-empty"])
    assert.are.equal("", request.headers["x-blank"])
    assert.are.equal("1,2", request.headers["x-two"])
    assert.are.equal("application/json", request.headers.accept)
    assert.are.equal("a:b;c\195\169", request.headers["x-odd"])
  end)

  it("headers of one request do not stay for the next", function()
    sent("GET", { headers = { { "Authorization", "Bearer secret" } } })
    assert.is_nil(sent("GET").headers.authorization)
    sent("POST", { headers = { { "Content-Type", "text/plain" } } })
    assert.is_nil(sent("POST").headers["content-type"])
  end)

  it("the path is unchanged, the fragment is not sent", function()
    for _, path in ipairs { "/a/../b", "/./x", "/%2e%2e/x?a=/../b" } do
      assert(handle:get(server.url .. path .. "#fragment"))
      local requests = server:requests()
      assert.are.equal(path, requests[#requests].path)
    end
  end)

  it("compressed responses are requested and decompressed", function()
    local gzip, code = process.capture
      "printf %s hello | gzip -nc | od -An -v -tx1 | tr -d ' \\n'"
    assert.are.equal(0, code)
    local compressed = rawserver.start(([[
      local c = ...
      while c:request() do
        c:send(c.ok(("%s"):gsub("%%x%%x", function(hex)
          return string.char(tonumber(hex, 16))
        end), "Content-Encoding: gzip\r\n"))
      end
    ]]):format(gzip))
    local response, err = handle:get(compressed.url)
    local asked = compressed:requests()[1].headers["accept-encoding"]
    compressed:stop()
    assert.is_nil(err)
    assert.are.equal("hello", response.body)
    assert.is_truthy(asked:find "gzip")
  end)

  it("redirects are returned, not followed", function()
    local redirecting = rawserver.start [[
      local c = ...
      while c:request() do
        c:send("HTTP/1.1 307 Temporary Redirect\r\nLocation: /next\r\n" ..
          "Content-Length: 0\r\n\r\n")
      end
    ]]
    local response = handle:post(redirecting.url, { body = "secret" })
    local n = #redirecting:requests()
    redirecting:stop()
    assert.are.equal(307, response.status)
    assert.are.equal("/next", Handle.header(response, "location"))
    assert.are.equal(1, n)
  end)

  it("other schemes and user info are errors of configuration", function()
    for url, code in pairs {
      ["ftp://127.0.0.1/"] = "CURLE_UNSUPPORTED_PROTOCOL",
      ["file:///etc/passwd"] = "CURLE_UNSUPPORTED_PROTOCOL",
      [server.url:gsub("//", "//u:p@")] = "CURLE_LOGIN_DENIED",
      ["http://"] = "CURLE_URL_MALFORMAT",
    } do
      local response, err = handle:get(url)
      assert.is_nil(response, url)
      assert.are.equal("config", err.kind, url)
      assert.are.equal(code, err.code, url)
      assert.is_false(err.maybe_sent)
    end
  end)
end)

describe("over TLS", function()
  local made, handle

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
  end)

  -- -> response, err, how many requests the server read
  local function exchange(tls, fields)
    local server = rawserver.start(ANSWER, tls)
    local response, err = handle:post(server.url, fields)
    local n = #server:requests()
    server:stop()
    return response, err, n
  end

  it("a certificate of the given authority is trusted", function()
    local response, err, n = exchange(made.good, { ca_file = made.ca_file })
    assert.is_nil(err)
    assert.are.equal("hello", response.body)
    assert.are.equal(1, n)
  end)

  for _, bad in ipairs { "expired", "wronghost", "self" } do
    it("a certificate that is " .. bad .. " gets no byte", function()
      local response, err, n = exchange(made[bad],
        { ca_file = made.ca_file, body = "secret" })
      assert.is_nil(response)
      assert.are.equal("tls", err.kind)
      assert.are.equal("CURLE_PEER_FAILED_VERIFICATION", err.code)
      assert.is_false(err.maybe_sent)
      assert.are.equal(0, n)
    end)
  end

  it("an authority is forgotten with the request that named it", function()
    assert(exchange(made.good, { ca_file = made.ca_file }))
    local response, err, n = exchange(made.good)
    assert.is_nil(response)
    assert.are.equal("tls", err.kind)
    -- Where libcurl names no list of the system's, there may be none.
    local named = require("equinix.core").system_ca() ~= nil
    assert.are.equal(not named,
      err.message:find("package ca-certificates", 1, true) ~= nil)
    assert.are.equal(0, n)
    assert(exchange(made.good, { ca_file = made.ca_file }))
  end)

  it("a live connection is not used for another authority",
    function()
      local server = rawserver.start(ANSWER, made.good)
      assert(handle:get(server.url, { ca_file = made.ca_file }))
      local response, err = handle:get(server.url)
      server:stop()
      assert.is_nil(response)
      assert.are.equal("tls", err.kind)
    end)

  it("a missing ca_file is an error of configuration", function()
    local _, err, n = exchange(made.good, { ca_file = "/nowhere/ca.pem" })
    assert.are.equal("config", err.kind)
    assert.are.equal("CURLE_SSL_CACERT_BADFILE", err.code)
    assert.is_false(err.maybe_sent)
    assert.are.equal(0, n)
  end)

  it("a client certificate that can't be used gets no byte", function()
    for _, key in ipairs { "/nowhere/key.pem", made.expired.key } do
      local _, err, n = exchange(made.good, { ca_file = made.ca_file,
        client_cert = made.good.certificate, client_key = key })
      assert.are.same({ "config", "CURLE_SSL_CERTPROBLEM", false },
        { err.kind, err.code, err.maybe_sent })
      assert.are.equal(0, n)
    end
  end)

  -- With 1.3 the refusal comes after the handshake.
  for _, version in ipairs { "tls1_2", "tls1_3" } do
    it("a refused client certificate is no network failure: "
      .. version, function()
      local server = process.start { "openssl", "s_server", "-www",
        "-accept", "127.0.0.1:0", "-" .. version, "-Verify", "1",
        "-verify_return_error", "-CAfile", made.ca_file,
        "-cert", made.good.certificate, "-key", made.good.key }
      local url = "https://127.0.0.1:" .. process.eventually(function()
        return server:stdout():match "ACCEPT [^\n]*:(%d+)\n"
      end) .. "/"
      local function ask(own)
        return handle:get(url, { ca_file = made.ca_file,
          client_cert = own.certificate, client_key = own.key })
      end
      local _, none = ask {}
      local _, strange = ask(made.self)
      local _, answered = ask(made.good)
      server:stop()
      assert.are.same({ "tls", "tls" }, { none.kind, strange.kind })
      -- It answers, but its page has no length.
      assert.are.equal("body_end_unknown", answered.code)
    end)
  end

  it("version 1.1 is too old, whatever the system allows", function()
    local server = rawserver.start(ANSWER, {
      key = made.good.key, certificate = made.good.certificate,
      protocol = "tlsv1_1", ciphers = "ALL:@SECLEVEL=0",
    })
    local file = assert(io.open(made.dir .. "/openssl.cnf", "w"))
    file:write((([[
      openssl_conf = all
      [all]
      ssl_conf = ssl
      [ssl]
      system_default = lax
      [lax]
      MinProtocol = TLSv1
      CipherString = ALL:@SECLEVEL=0
    ]]):gsub("\n%s+", "\n")))
    file:close()
    local lax = "OPENSSL_CONF=" .. made.dir .. "/openssl.cnf"
    -- The server serves clients of that version.
    local words, code = process.capture(("%s openssl s_client -tls1_1 "
      .. "-connect 127.0.0.1:%d </dev/null 2>&1"):format(lax, server.port))
    assert.are.equal(0, code, words)
    local out = process.capture(([[
      %s %s -e 'package.cpath = "%s"
        local handle = require("equinix.core").http()
        local r, err = handle:send({method = "POST", url = "%s",
          ca_file = "%s"}, 5)
        print(r, err.kind, err.code, err.maybe_sent)']]):format(lax,
      INTERPRETER, package.cpath, server.url, made.ca_file))
    local n = #server:requests()
    server:stop()
    assert.are.equal("nil\ttls\tCURLE_SSL_CONNECT_ERROR\tfalse", out)
    assert.are.equal(0, n)
  end)
end)

describe("calls at once", function()
  -- No call is answered before all of them have a connection.
  it("over plain HTTP do not wait for the first answer", function()
    local server = rawserver.start [[
      local c = ...
      c.share.n = (c.share.n or 0) + 1
      while c:request() do
        while c.share.n < 4 do c:sleep(0.005) end
        c:send(c.ok "hello")
      end
    ]]
    local handle, requests = Handle.new(), {}
    for i = 1, 4 do
      requests[i] = { method = "GET", url = server.url .. "/" .. i }
    end
    local results = handle.http:send_many(requests, 4, 5)
    handle:close()
    server:stop()
    for i = 1, 4 do
      assert.is_nil(results[i].err, results[i].err and results[i].err.message)
      assert.are.equal("hello", results[i].response.body)
    end
  end)
end)

describe("the environment", function()
  local server

  setup(function()
    server = rawserver.start(ANSWER)
  end)
  teardown(function()
    server:stop()
  end)

  -- Sends in another process, with this environment.
  local function send_with(environment, fields)
    local out, code = process.capture(([[
      %s %s -e 'package.cpath = "%s"
        local handle = require("equinix.core").http()
        local r, err = handle:send({method = "GET", url = "%s", %s}, 60)
        print(r and r.body or err.code)']]):format(environment,
      INTERPRETER, package.cpath, server.url, fields or ""))
    assert.are.equal(0, code, out)
    return out
  end

  local PROXIES = "http_proxy=http://127.0.0.1:1 HTTP_PROXY=$http_proxy "
    .. "https_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 "
    .. "ALL_PROXY=http://127.0.0.1:1"

  it("does not choose a proxy", function()
    assert.are.equal("hello", send_with(PROXIES))
  end)

  it("does not override a proxy", function()
    local proxy = 'proxy = "http://127.0.0.1:1"'
    assert.are.equal("ECONNREFUSED", send_with("", proxy))
    assert.are.equal("ECONNREFUSED",
      send_with("no_proxy='*' NO_PROXY='*'", proxy))
  end)

  it("takes no proxy of the environment for what is not encrypted", function()
    assert.are.equal("hello", send_with(PROXIES, 'proxy = "environment"'))
  end)

  it("does not add a .netrc", function()
    local home = process.tempdir()
    local file = assert(io.open(home .. "/.netrc", "w"))
    file:write "default login user password secret\n"
    file:close()
    assert.are.equal("hello", send_with("HOME=" .. home))
    process.remove(home)
    local requests = server:requests()
    assert.is_nil(requests[#requests].headers.authorization)
  end)
end)

describe("a proxy", function()
  it("gets the URL, and its password is in no message", function()
    local proxy = rawserver.start(ANSWER)
    local handle = Handle.new()
    local response = handle:get("http://api.example/x", { proxy = proxy.url })
    local request = proxy:requests()[1]
    proxy:stop()
    local _, err = handle:get("http://api.example/x",
      { proxy = "gopher://user:hunter2@127.0.0.1:1" })
    handle:close()
    assert.are.equal("hello", response.body)
    assert.are.equal("http://api.example/x", request.path)
    assert.is_nil(err.message:find("hunter2", 1, true))
  end)

  it("that refuses CONNECT: its response is not the server's", function()
    local made = certificates.make()
    local proxy = rawserver.start [[
      local c = ...
      c:request()
      c:send("HTTP/1.1 407 Nope\r\nX-Proxy: 1\r\nContent-Length: 0\r\n\r\n")
    ]]
    local handle = Handle.new()
    local response, err = handle:post("https://api.example/x",
      { proxy = proxy.url, body = "secret", headers = {
        { "Authorization", "Bearer secret" } } })
    local request = proxy:requests()[1]
    proxy:stop()
    handle:close()
    certificates.remove(made)
    assert.is_nil(response)
    assert.are.equal("network", err.kind)
    assert.are.equal(not Handle.ANNOUNCES, err.maybe_sent)
    assert.are.equal("CONNECT", request.method)
    assert.is_nil(request.headers.authorization)
  end)

  it("that accepts CONNECT: its headers are not the server's", function()
    local made = certificates.make()
    local server = rawserver.start(ANSWER, made.good)
    -- This script is alone in its process and may block it.
    local proxy = rawserver.start(([[
      local c = ...
      local socket = require "socket"
      c:request()
      c:send "HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n"
      local there = assert(socket.connect("127.0.0.1", %d))
      there:settimeout(0)
      local other = { [c.tcp] = there, [there] = c.tcp }
      while true do
        for _, from in ipairs((socket.select { c.tcp, there })) do
          local text, reason, part = from:receive(65536)
          other[from]:send(text or part)
          if reason == "closed" then
            there:close()
            return
          end
        end
      end
    ]]):format(server.port))
    local handle = Handle.new()
    local response, err = handle:get(server.url,
      { proxy = proxy.url, ca_file = made.ca_file })
    handle:close()
    proxy:stop()
    server:stop()
    certificates.remove(made)
    assert.is_nil(err)
    assert.are.equal("hello", response.body)
    assert.is_nil(Handle.header(response, "X-Proxy"))
    assert.are.equal("5", Handle.header(response, "Content-Length"))
  end)
end)
