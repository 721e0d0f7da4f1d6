-- error: the kinds and codes of failures, and what no message contains.
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("an err", function()
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

  local function fails_with(kind, code, sent, script, fields)
    server = rawserver.start("local c = ... " .. script)
    local response, err = handle:post(server.url, fields)
    assert.is_nil(response)
    assert.are.same({ kind, code, sent },
      { err.kind, err.code, err.maybe_sent })
    return err
  end

  it("says whether a byte was sent, and whether to try again", function()
    local err = fails_with("network", "CURLE_GOT_NOTHING", true,
      "c:request()")
    local names = {}
    for name in pairs(err) do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.are.same({ "code", "kind", "maybe_sent", "message", "retryable" },
      names)
    assert.is_truthy(err.message:find(
      "^the server closed the connection without a response"))
  end)

  it("has the code of a reset", function()
    fails_with("network", "ECONNRESET", true, "c:request() c:reset()")
  end)

  it("has the code of a reset inside the body", function()
    fails_with("network", "ECONNRESET", true, [[
      c:request()
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
      c:sleep(0.2)
      c:reset()]])
  end)

  it("makes a reset inside the TLS handshake a network failure, unsent",
    function()
      server = rawserver.start "local c = ... c:receive(5) c:reset()"
      local url = server.url:gsub("^http:", "https:")
      local response, err = handle:post(url, { body = "x" })
      assert.is_nil(response)
      assert.are.same({ "network", false }, { err.kind, err.maybe_sent })
      assert.is_truthy(err.code == "ECONNRESET" or err.code == "EPIPE")
    end)

  it("makes anything but TLS a TLS failure, unsent", function()
    server = rawserver.start
      "local c = ... c:send 'SSH-2.0-x\\r\\n' c:hangup()"
    local url = server.url:gsub("^http:", "https:")
    local response, err = handle:post(url, { body = "x" })
    assert.is_nil(response)
    assert.are.same({ "tls", "CURLE_SSL_CONNECT_ERROR", false },
      { err.kind, err.code, err.maybe_sent })
  end)

  it("does not have the reason of an earlier failure", function()
    -- Libcurl before 8.7 never forgets an errno.
    fails_with("network", "ECONNRESET", true, "c:request() c:reset()")
    server:stop()
    local err = fails_with("network", "CURLE_RECV_ERROR", true, [[
      c:request()
      c:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        "zz\r\n")]])
    assert.is_nil(err.message:find "reset")
  end)

  it("does not take a server's mistake for wrong configuration", function()
    local err = fails_with("protocol", "CURLE_WEIRD_SERVER_REPLY", true,
      "c:request() c:send 'hello\\r\\n\\r\\n'")
    assert.is_truthy(err.message:find "^the response is not valid HTTP")
  end)

  it("quotes nothing of the request or the response", function()
    local secret = "hunter2"
    for _, script in ipairs {
      "c:request()",
      "c:request() c:reset()",
      "c:request() c:send 'hunter2\\r\\n\\r\\n'",
      "c:request() c:send 'HTTP/1.1 hunter2\\r\\n\\r\\n'",
      "c:request() c:send 'HTTP/1.1 200 OK\\r\\nhunter2\\r\\n\\r\\n'",
      "c:request() c:send 'HTTP/1.1 200 OK\\r\\nContent-Length: hunter2" ..
        "\\r\\n\\r\\n'",
      "c:request() c:send 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: hunter2" ..
        "\\r\\n\\r\\n'",
      "c:request() c:send 'HTTP/1.1 200 OK\\r\\nContent-Encoding: hunter2" ..
        "\\r\\nContent-Length: 1\\r\\n\\r\\nx'",
      "c:request() c:send 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked" ..
        "\\r\\n\\r\\nhunter2\\r\\n'",
    } do
      server = rawserver.start("local c = ... " .. script)
      local response, err = handle:post(server.url .. "/?key=" .. secret, {
        body = secret, headers = { { "Authorization", secret } },
      })
      server:stop()
      server = nil
      if not response then
        assert.is_nil(err.message:find(secret, 1, true), script)
        assert.is_nil(err.code:find(secret, 1, true), script)
      end
    end
  end)
end)
