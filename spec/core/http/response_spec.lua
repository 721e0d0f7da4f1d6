-- response: which headers count, and limits that the server does not decide.
local Handle = require "spec.support.handle"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

describe("a response", function()
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

  -- Each connection gets these bytes and is closed.
  local function serve(text)
    server = rawserver.start(([[
      local c = ...
      if c:request() then
        c:send(%q)
      end
    ]]):format(text))
    return handle:get(server.url)
  end

  local function failed(code, response, err)
    assert.is_nil(response)
    assert.are.same({ "protocol", code, true },
      { err.kind, err.code, err.maybe_sent })
  end

  it("has its headers in order, as they were written", function()
    local response = assert(serve("HTTP/1.1 200 OK\r\n"
      .. "X-B: 2\r\nx-a:1\r\nX-B:\t two words \t\r\nX-Empty:\r\n"
      .. "X-Colons: a:b:c\r\nContent-Length: 0\r\n\r\n"))
    assert.are.same({
      { "X-B", "2" }, { "x-a", "1" }, { "X-B", "two words" },
      { "X-Empty", "" }, { "X-Colons", "a:b:c" },
      { "Content-Length", "0" },
    }, response.headers)
  end)

  it("drops the headers of interim responses", function()
    local response = assert(serve("HTTP/1.1 103 Early Hints\r\n"
      .. "Link: </x>\r\n\r\nHTTP/1.1 100 Continue\r\nX: 1\r\n\r\n"
      .. "HTTP/1.1 201 Created\r\nX-Final: yes\r\n"
      .. "Content-Length: 2\r\n\r\nok"))
    assert.are.equal(201, response.status)
    assert.are.equal("ok", response.body)
    assert.are.same({ { "X-Final", "yes" }, { "Content-Length", "2" } },
      response.headers)
  end)

  it("drops trailers: they come after the decisions", function()
    local response = assert(serve("HTTP/1.1 200 OK\r\n"
      .. "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
      .. "Authorization: x\r\nHTTP/1.1: 500\r\n\r\n"))
    assert.are.equal(200, response.status)
    assert.are.equal("ok", response.body)
    assert.are.same({ { "Transfer-Encoding", "chunked" } },
      response.headers)
  end)

  it("unfolds a header over several lines", function()
    local response = assert(serve("HTTP/1.1 200 OK\r\nX-Long: one\r\n"
      .. "\ttwo\r\n   three\r\nX-Short: 1\r\nContent-Length: 0\r\n\r\n"))
    local words = Handle.header(response, "X-Long"):gsub("%s+", " ")
    assert.are.equal("one two three", words)
    assert.are.equal("1", Handle.header(response, "X-Short"))
  end)

  it("has no headers of the response before it", function()
    server = rawserver.start [[
      local c = ...
      local n = 0
      while c:request() do
        n = n + 1
        c:send(c.ok("body " .. n, "X-" .. n .. ": 1\r\n"))
      end
    ]]
    assert(handle:get(server.url, { may_resend = true }))
    local response = assert(handle:get(server.url, { may_resend = true }))
    assert.is_nil(Handle.header(response, "X-1"))
    assert.are.equal("1", Handle.header(response, "X-2"))
    assert.are.equal("body 2", response.body)
  end)

  it("without a length ends with the connection", function()
    local response = assert(serve "HTTP/1.1 200 OK\r\n\r\nto the end")
    assert.are.equal("to the end", response.body)
  end)

  it("may have no body", function()
    assert.are.equal("", assert(serve
      "HTTP/1.1 204 No Content\r\n\r\n").body)
  end)

  it("that is not HTTP is refused", function()
    failed("CURLE_WEIRD_SERVER_REPLY",
      serve "SSH-2.0-OpenSSH_9.2\r\nhello\r\n\r\n")
  end)

  it("that ends after an interim one is none", function()
    local response, err = serve "HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n"
    assert.is_nil(response)
    assert.is_true(err.maybe_sent)
  end)

  it("that switches protocols, unasked, is refused", function()
    local response, err = serve("HTTP/1.1 101 Switching Protocols\r\n"
      .. "Upgrade: x\r\nConnection: Upgrade\r\n\r\nx")
    assert.is_nil(response)
    assert.is_true(err.maybe_sent)
  end)

  it("shorter than its length is refused", function()
    local response, err = serve
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    assert.is_nil(response)
    assert.are.same({ "network", "CURLE_PARTIAL_FILE", true },
      { err.kind, err.code, err.maybe_sent })
  end)

  it("longer than its length ends there", function()
    server = rawserver.start [[
      local c, n = ...
      while c:request() do
        c:send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"
      end
    ]]
    assert.are.equal("ok", assert(handle:get(server.url,
      { may_resend = true })).body)
    -- What was too much belongs to no response.
    assert.are.equal("ok", assert(handle:get(server.url,
      { may_resend = true })).body)
  end)

  it("with broken chunks is refused", function()
    local response, err = serve("HTTP/1.1 200 OK\r\n"
      .. "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n")
    assert.is_nil(response)
    assert.is_true(err.maybe_sent)
  end)

  it("with one endless header line has too many headers", function()
    failed("headers_too_large", serve("HTTP/1.1 200 OK\r\nX: " ..
      ("x"):rep(2 * 1024 * 1024) .. "\r\n\r\n"))
  end)

  it("with headers without end has too many", function()
    server = rawserver.start [[
      local c = ...
      c:request()
      c:send "HTTP/1.1 200 OK\r\n"
      while c:send(("X-Some-Header: some value\r\n"):rep(100)) do end
    ]]
    failed("headers_too_large", handle:get(server.url))
  end)

  it("with interim responses without end has too many headers", function()
    server = rawserver.start [[
      local c = ...
      c:request()
      while c:send(("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"):rep(100)) do
      end
    ]]
    failed("headers_too_large", handle:get(server.url))
  end)

  it("with trailers without end has too many headers", function()
    server = rawserver.start [[
      local c = ...
      c:request()
      c:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        "2\r\nok\r\n0\r\n")
      while c:send(("X-Trailer: some value\r\n"):rep(100)) do end
    ]]
    failed("headers_too_large", handle:get(server.url))
  end)

  it("may have many headers, as long as they fit", function()
    local lines = {}
    for i = 1, 5000 do
      lines[i] = ("X-%d: %d\r\n"):format(i, i)
    end
    local response = assert(serve("HTTP/1.1 200 OK\r\n" ..
      table.concat(lines) .. "Content-Length: 0\r\n\r\n"))
    assert.are.equal(5001, #response.headers)
    assert.are.same({ "X-5000", "5000" }, response.headers[5000])
  end)

  describe("that is a bomb", function()
    -- 100 MB of zeros; gzip makes 100 kB of them, and 1 kB the second time.
    local function bomb(command, encoding)
      server = rawserver.start(([[
        local c = ...
        if c:request() then
          local pipe = io.popen "head -c 100000000 /dev/zero | %s"
          local bytes = pipe:read "*a"
          pipe:close()
          c:send(c.ok(bytes, "Content-Encoding: %s\r\n"))
        end
      ]]):format(command, encoding))
      return handle:get(server.url, { max_body = 1000000 }, 60)
    end

    local function resident()
      local file = io.open "/proc/self/statm"
      if not file then
        return 0
      end
      local text = file:read "*a"
      file:close()
      return tonumber(text:match "^%d+ (%d+)") * 4096
    end

    for command, code in pairs {
      ["gzip -1c"] = "body_too_large",
      ["gzip -1c | gzip -1c"] = "unsupported_coding",
    } do
      it("is stopped while it is decompressed: " .. code, function()
        local before = resident()
        local response, err = bomb(command,
          command:find "|" and "gzip, gzip" or "gzip")
        assert.is_nil(response)
        assert.are.same({ "protocol", code, true },
          { err.kind, err.code, err.maybe_sent })
        assert.is_true(resident() - before < 50000000)
      end)
    end
  end)

  it("that is not compressed as declared is refused", function()
    failed("CURLE_BAD_CONTENT_ENCODING", serve("HTTP/1.1 200 OK\r\n"
      .. "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"))
  end)

  it("has what a client needs, and no more", function()
    local response = assert(serve
      "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx")
    local names = {}
    for name in pairs(response) do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.are.same({ "body", "connects", "elapsed", "headers",
      "http_version", "status" }, names)
    assert.are.equal(404, response.status)
    assert.are.equal("1.1", response.http_version)
    assert.is_true(response.elapsed > 0)
    if math.type then
      assert.are.equal("integer", math.type(response.status))
    end
  end)

  it("may be of HTTP/1.0", function()
    assert.are.equal("1.0", assert(serve
      "HTTP/1.0 200 OK\r\n\r\nold").http_version)
  end)
end)

-- Where the bodies of 2xx responses go when a file is named.
describe("a sink", function()
  local dir, server, handle

  setup(function()
    dir = process.tempdir()
    server = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        local status = request.path:match "%d+"
        c:send(("HTTP/1.1 %s X\r\nContent-Length: 4\r\n\r\nbody"):format(
          status))
      end
    ]]
    handle = Handle.new()
  end)
  teardown(function()
    handle:close()
    server:stop()
    process.remove(dir)
  end)

  it("gets the body of a 2xx response only", function()
    local path = dir .. "/answer"
    for _, status in ipairs { 302, 404, 500 } do
      local response = assert(handle:get(server.url .. "/" .. status,
        { sink = path }))
      assert.are.equal("body", response.body)
      assert.is_nil(io.open(path))
    end
    for _, status in ipairs { 200, 206 } do
      local response = assert(handle:get(server.url .. "/" .. status,
        { sink = path }))
      assert.are.equal("", response.body)
      local file = assert(io.open(path))
      assert.are.equal("body", file:read "*a")
      file:close()
      os.remove(path)
    end
    assert.are.equal("", process.capture("ls -A " .. dir))
  end)

  it("is for one request", function()
    assert(handle:get(server.url .. "/200", { sink = dir .. "/one" }))
    assert.are.equal("body", assert(handle:get(server.url .. "/200")).body)
    os.remove(dir .. "/one")
    assert.are.equal("", process.capture("ls -A " .. dir))
  end)
end)
