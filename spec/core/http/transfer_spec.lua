-- transfer: sent once, in time, and nothing left of the one before.
local Handle = require "spec.support.handle"
local core = require "equinix.core"
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
