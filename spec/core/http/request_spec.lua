-- request: what is wrong with a request raises, before a byte is sent.
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("a request", function()
  local server, handle

  setup(function()
    server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "") end
    ]]
    handle = Handle.new()
  end)
  teardown(function()
    assert.are.equal(0, server:connections(), "a byte was sent")
    handle:close()
    server:stop()
  end)

  -- By send and by send_many, as both read requests.
  local function raises(request, words)
    local ok, message = pcall(function()
      local response, err = handle.http:send(request, 1)
      return response, err
    end)
    assert.is_false(ok)
    assert.is_truthy(message:find(words, 1, true), message)
    -- The error has the line of the caller, not of the core.
    assert.is_truthy(message:find("request_spec.lua:", 1, true), message)
    local good = Handle.request("GET", server.url)
    ok, message = pcall(function()
      return handle.http:send_many({ good, good, request }, 2, 1)
    end)
    assert.is_false(ok)
    assert.is_truthy(message:find(words, 1, true), message)
  end

  local function raises_with(field, value, words)
    raises(Handle.request("GET", server.url, { [field] = value }), words)
  end

  it("has a method that is a token", function()
    raises({ url = server.url }, "request.method: a string expected")
    for _, method in ipairs { "", "GE T", "GET\r\n", "GET\0", "G(T",
      "G\195\169T", "GET/" } do
      raises({ method = method, url = server.url },
        "request.method: is not a token")
    end
  end)

  it("has a URL of visible ASCII", function()
    raises({ method = "GET" }, "request.url: a string expected, got nil")
    raises({ method = "GET", url = 1 }, "request.url: a string expected")
    for _, url in ipairs { "", " ", "/\0", "/\r\nX: 1", "/a b", "/\t",
      "/\195\169", "/\127" } do
      raises({ method = "GET", url = url == "" and "" or server.url .. url },
        "request.url: is empty or has a byte that URLs don't have")
    end
  end)

  it("has header names that are tokens", function()
    for _, name in ipairs { "", "A B", "A:", "A\r\n", "A\0B", "\195\169" } do
      raises_with("headers", { { name, "x" } },
        "request.headers[1]: this name is not allowed")
    end
  end)

  it("has header values without a line break", function()
    for _, value in ipairs { "a\rb", "a\nb", "a\0b", "\r\nX: 1" } do
      raises_with("headers", { { "A", "fine" }, { "B", value } },
        "request.headers[2]: the value has a NUL, CR or LF")
    end
  end)

  it("must not have a framing header", function()
    for _, name in ipairs { "Content-Length", "content-length",
      "Transfer-Encoding", "EXPECT" } do
      raises_with("headers", { { name, "1" } },
        "request.headers[1]: this name is not allowed")
    end
  end)

  it("has headers of the right shape", function()
    raises_with("headers", "A: b", "request.headers: a list expected")
    raises_with("headers", { "A: b" }, "request.headers[1]: {name, value}")
    raises_with("headers", { { "A", 1 } },
      "request.headers[1]: two strings expected")
    raises_with("headers", { { "A" } },
      "request.headers[1]: two strings expected")
    raises_with("headers", { { "A", ("x"):rep(300000) } },
      "request.headers: are larger than 256 KiB")
  end)

  it("has a body that is a string, and none with HEAD", function()
    raises_with("body", 12, "request.body: a string expected, got number")
    raises(Handle.request("HEAD", server.url, { body = "" }),
      "request.body: HEAD has none")
  end)

  it("has numbers that are numbers", function()
    raises_with("connect_timeout", "soon",
      "request.connect_timeout: a number expected")
    raises_with("connect_timeout", "1",
      "request.connect_timeout: a number expected")
    raises_with("connect_timeout", 0 / 0,
      "request.connect_timeout: a number expected")
    raises_with("max_body", {}, "request.max_body: a number expected")
    raises_with("max_body", -1, "request.max_body: is negative")
  end)

  it("has paths and a proxy that C strings can hold", function()
    for _, field in ipairs { "ca_file", "client_cert", "client_key",
      "client_key_password_file", "proxy", "sink" } do
      raises_with(field, "", "request." .. field .. ": is empty")
      raises_with(field, "a\0b", "request." .. field .. ": is empty or has")
      raises_with(field, 1, "request." .. field .. ": a string expected")
    end
  end)

  it("is a table, and so are the requests of send_many", function()
    assert.has_error(function()
      handle.http:send("GET", 1)
    end)
    assert.has_error(function()
      handle.http:send_many(nil, 1, 1)
    end)
    assert.has_error(function()
      handle.http:send_many({ "GET" }, 1, 1)
    end)
  end)

  it("needs seconds that are a number", function()
    for _, seconds in ipairs { "soon", false, 0 / 0 } do
      assert.has_error(function()
        handle.http:send(Handle.request("GET", server.url), seconds)
      end)
      assert.has_error(function()
        handle.http:send_many({ Handle.request("GET", server.url) }, 1,
          seconds)
      end)
    end
  end)

  it("is sent at least one at a time", function()
    for _, n in ipairs { 0, -1, "x" } do
      assert.has_error(function()
        handle.http:send_many({ Handle.request("GET", server.url) }, n, 1)
      end)
    end
  end)
end)
