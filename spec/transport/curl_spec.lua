-- curl: the transport over libcurl, by the rules of the port.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local resp = require "spec.support.resp"
local transport = require "equinix.transport.curl"

describe("the curl transport", function()
  local server

  setup(function()
    server = rawserver.start [[
      local c, n = ...
      while c:request() do c:send(c.ok("connection " .. n)) end
    ]]
  end)
  teardown(function()
    server:stop()
  end)

  it("sends, with one handle for the whole Lua state", function()
    for _ = 1, 3 do
      local response = assert(transport.send(
        { method = "GET", url = server.url, may_resend = true }, 10))
      assert.are.equal("connection 1", response.body)
    end
  end)

  it("carries an exchange, and keeps its connection", function()
    local raw = rawserver.start(resp.SERVER
      .. "while command() do c:send '+OK\\r\\n' end")
    local exchange = core.exchange(resp.options(raw.port))
    for i = 1, 3 do
      local response = assert(transport.send(exchange, 30))
      assert.equal("+OK\r\n", response.body)
      assert.equal(i > 1, response.kept)
    end
    raw:stop()
    local response, transport_err = transport.send(exchange, 30)
    assert.is_nil(response)
    assert.equal("refused", transport_err.code)
    response, transport_err = transport.send(exchange, 0)
    assert.is_nil(response)
    assert.equal("timeout", transport_err.kind)
  end)

  it("calls a function meanwhile, which may send by another connection",
    function()
      local slow = rawserver.start [[
        local c, n = ...
        while true do
          local request = c:request()
          if not request then break end
          if request.path == "/slow" then c:sleep(1) end
          c:send(c.ok("connection " .. n))
        end
      ]]
      finally(function()
        slow:stop()
      end)
      local function request(path)
        return { method = "GET", url = slow.url .. path, may_resend = true }
      end
      assert.equal(transport.send, transport.meanwhile)
      local inner = {}
      local response = assert(transport.send(request "/slow", 30, nil, {
        every = 0.2, call = function()
          inner[#inner + 1] = assert(transport.send(request "/", 30)).body
        end }))
      assert.equal("connection 1", response.body)
      assert(#inner >= 2)
      assert.equal("connection 2", inner[1])
      assert.equal("connection 2", inner[2])
      -- And the connection of the first one serves what comes then.
      assert.equal("connection 1", transport.send(request "/", 30).body)
      assert.has_error(function()
        transport.send(request "/slow", 30, nil, { every = 0.01,
          call = function()
            error("raised", 0)
          end })
      end, "raised")
      assert.equal(200, transport.send(request "/", 30).status)
    end)

  it("sends many, over the same connections", function()
    local request = { method = "GET", url = server.url, may_resend = true }
    assert(transport.send(request, 10))
    local results = transport.send_many({ request, request }, 1, 10)
    assert.are.equal(2, #results)
    assert.are.equal("connection 1", results[1].response.body)
    assert.are.equal("connection 1", results[2].response.body)
  end)

  it("returns nil and an error where sending fails", function()
    local response, transport_err = transport.send(
      { method = "GET", url = server.url }, 0)
    assert.is_nil(response)
    assert.are.equal("timeout", transport_err.kind)
  end)

  it("sleeps", function()
    local before = core.now()
    transport.sleep(0.02)
    assert.is_true(core.now() - before >= 0.02)
  end)

  it("may always wait", function()
    assert.is_true(transport.can_wait())
  end)
end)

describe("a client over it", function()
  local equinix = require "equinix"
  local process = require "spec.support.process"
  local scripted = require "spec.support.scripted"

  local server, dir, client

  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    client:close()
    server:stop()
    process.remove(dir)
  end)

  -- A body that libcurl, or zlib, can't take, for the first request to `path`.
  local function serve(script)
    server = rawserver.start(([[
      local c = ...
      local function gzipped(bytes)
        c:send(c.ok(bytes, "Content-Encoding: gzip\r\n"))
      end
      while true do
        local request = c:request()
        if not request then
          return
        end
        %s
      end
    ]]):format(script))
  end

  -- gzip of "{}\n": one member.
  local MEMBER = "\31\139\8\0\0\0\0\0\0\3\171\174"
    .. "\229\2\0\6\176\161\221\3\0\0\0"

  local function open(opts)
    opts.base_url = opts.base_url or server.url
    opts.timeout = 20
    client = assert(equinix.new(opts))
  end

  it("reads a body of several gzip members", function()
    serve(("gzipped(%q)"):format(MEMBER .. MEMBER))
    open { token = "t" }
    assert.are.equal("{}\n{}\n", assert(client:get "/x").body)
  end)

  it("asks once for a body that is not whole, and saves none", function()
    for _, bytes in ipairs { MEMBER .. "x", MEMBER:sub(1, -2) } do
      serve(("gzipped(%q)"):format(bytes))
      open { token = "t" }
      local response, err = client:get("/x", { sink = dir .. "/file" })
      assert.is_nil(response)
      assert.are.same({ "protocol", false }, { err.kind, err.retryable })
      assert.matches("gzip", err.message)
      assert.are.equal(1, #server:requests())
      assert.are.equal("", process.capture("ls -A " .. dir))
      client:close()
      server:stop()
    end
    serve "c:send(c.ok '')"
  end)

  it("asks a token endpoint once for a body that is not whole", function()
    for _, bytes in ipairs { MEMBER .. "x", MEMBER:sub(1, -2) } do
      serve(("gzipped(%q)"):format(bytes))
      open { client_id = scripted.unique(), client_secret = "a-secret-of-16+" }
      local header, err = client:authorization()
      assert.is_nil(header)
      assert.are.same({ "protocol", false }, { err.kind, err.retryable })
      assert.matches("gzip", err.message)
      assert.are.equal(1, #server:requests())
      client:close()
      server:stop()
    end
    serve "c:send(c.ok '')"
  end)

  it("asks a proxy that does not connect once, for a token or not", function()
    local secrets = { { token = "t" }, { client_id = scripted.unique(),
      client_secret = "a-secret-of-16+" } }
    for _, opts in ipairs(secrets) do
      for _, status in ipairs { 403, 407, 503 } do
        serve(('c:send "HTTP/1.1 %d No\\r\\nContent-Length: 0\\r\\n\\r\\n"')
          :format(status))
        opts.base_url = "https://api.example"
        opts.proxy = server.url:gsub("//", "//me:pass-word@")
        opts.client_id = opts.client_id and scripted.unique()
        open(opts)
        for _, method in ipairs { "GET", "POST" } do
          local response, err = client:request { method = method,
            path = "/x" }
          assert.is_nil(response)
          assert.are.same({ "network", "PROXY_REFUSED", false },
            { err.kind, err.code, err.retryable })
          assert.matches(("proxy 127.0.0.1:%d answered CONNECT with %d")
            :format(server.port, status), err.message)
          assert.is_nil(err.message:find("pass-word", 1, true))
        end
        -- A failed renewal is shared by the second call.
        assert.are.equal(opts.token and 2 or 1, #server:requests())
        assert.are.equal("CONNECT", server:requests()[1].method)
        client:close()
        server:stop()
      end
    end
    serve "c:send(c.ok '')"
  end)
end)

describe("a body over HTTP/2 without a length", function()
  local certificates = require "spec.support.certificates"
  local equinix = require "equinix"

  local made, server, client

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  after_each(function()
    client:close()
    server:stop()
  end)

  -- A server of HTTP/2 (RFC 9113, 4.1) and 1.1, whichever is negotiated. Over
  -- HTTP/2 each body is `part`, then the stream is ended or broken off.
  local SERVER = [[
    local c = ...
    local part, whole, type, cut = %q, %q, %q, %s
    local function frame(kind, flags, stream, payload)
      return string.char(0, 0, #payload, kind, flags, 0, 0, 0, stream)
        .. payload
    end
    local function http1()
      while c:request() do
        c:send(c.ok(whole, "Content-Type: " .. type .. "\r\n"))
      end
    end
    local function http2()
      c:send(frame(4, 0, 0, "") .. frame(4, 1, 0, ""))
      c:receive(24)
      while true do
        local head = c:receive(9)
        if not head then
          return
        end
        c:receive(head:byte(2) * 256 + head:byte(3))
        if head:byte(4) == 1 then
          local stream = head:byte(9)
          -- ":status: 200", and "content-type" (RFC 7541, appendix A: 31)
          c:send(frame(1, 4, stream, "\x88\x0f\x10" .. string.char(#type)
            .. type) .. frame(0, 0, stream, part))
          c:sleep(0.1) -- libcurl misses the body in front of a reset
          c:send(cut and frame(3, 0, stream, "\0\0\0\0")
            or frame(0, 1, stream, ""))
        end
      end
    end
    if c.socket:getalpn() == "h2" then http2() else %s end
  ]]

  local function start(part, whole, media, cut, other)
    server = rawserver.start(SERVER:format(part, whole, media,
      tostring(cut), other or "http1()"), { key = made.good.key,
      alpn = "h2,http/1.1", certificate = made.good.certificate })
    client = assert(equinix.new { token = "t", base_url = server.url,
      ca_file = made.ca_file, timeout = 20,
      retry = { attempts = 2, base = 0 } })
  end

  local function get(part, whole, media, cut)
    start(part, whole, media, cut)
    local bodies = {}
    for i = 1, 2 do -- the second one goes the short way
      bodies[i] = assert(client:get "/x").body
    end
    return bodies, #server:requests()
  end

  it("is asked for by HTTP/1.1 where it may have been broken off", function()
    local bodies, n = get("a,b\n1,", "a,b\n1,2\n", "text/csv", true)
    assert.are.same({ "a,b\n1,2\n", "a,b\n1,2\n" }, bodies)
    assert.are.equal(2, n)
  end)

  it("is asked for again where it is no JSON but should be", function()
    local bodies, n = get('{"data":[1,', '{"data":[1,2]}', "application/json",
      true)
    assert.are.same({ '{"data":[1,2]}', '{"data":[1,2]}' }, bodies)
    assert.are.equal(2, n)
  end)

  it("is an error where HTTP/1.1 does not help", function()
    start("a,b\n1,", "", "text/csv", true, "c:close()")
    local response, err = client:get "/x"
    assert.is_nil(response)
    assert.are.same({ "protocol", "body_end_unknown", false },
      { err.kind, err.code, err.retryable })
  end)

  it("is taken where it is JSON", function()
    local bodies, n = get('{"data":[]}', "other", "application/json", false)
    assert.are.same({ '{"data":[]}', '{"data":[]}' }, bodies)
    assert.are.equal(0, n)
  end)
end)
