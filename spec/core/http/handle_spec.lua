-- handle: the object itself, from its making to its end.
local Handle = require "spec.support.handle"
local core = require "equinix.core"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

describe("a handle", function()
  it("has a readable string", function()
    local handle = core.http()
    assert.is_truthy(tostring(handle):find "^equinix%.http %(0?x?%x+%)$")
    handle:close()
    assert.are.equal("equinix.http (closed)", tostring(handle))
  end)

  it("may be closed twice", function()
    local handle = core.http()
    handle:close()
    handle:close()
  end)

  it("raises when it is used after", function()
    local handle = core.http()
    handle:close()
    for _, use in ipairs {
      function()
        handle:send({ method = "GET", url = "http://127.0.0.1" }, 1)
      end,
      function()
        handle:send_many({}, 1, 1)
      end,
    } do
      local ok, message = pcall(use)
      assert.is_false(ok)
      assert.is_truthy(message:find("attempt to use a closed equinix.http",
        1, true))
    end
  end)

  it("raises for what is no handle", function()
    local handle = core.http()
    for _, self in ipairs { 1, "x", {}, io.stdout } do
      assert.has_error(function()
        handle.send(self, {}, 1)
      end)
      assert.has_error(function()
        handle.close(self)
      end)
    end
    handle:close()
  end)

  it("hides its metatable", function()
    local handle = core.http()
    assert.are.equal("equinix.http", getmetatable(handle))
    handle:close()
  end)

  it("closes its connections when it is closed, and when it is collected",
    function()
      -- /gone?n responds when n connections have been closed.
      local server = rawserver.start [[
        local c = ...
        local request = c:request()
        local wanted = tonumber(request.path:match "gone.(%d+)")
        while wanted and (c.share.gone or 0) < wanted do
          c:sleep(0.01)
        end
        c:send(c.ok "")
        c:hangup()
        c.share.gone = (c.share.gone or 0) + 1
      ]]
      local observer = core.http()
      local handle = core.http()
      assert(handle:send(Handle.request("GET", server.url), 10))
      handle:close()
      assert(observer:send(Handle.request("GET", server.url .. "/gone?1",
        { fresh_connect = true }), 10))
      handle = core.http()
      assert(handle:send(Handle.request("GET", server.url), 10))
      handle = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      -- The first connection of the observer is the other one.
      assert(observer:send(Handle.request("GET", server.url .. "/gone?3",
        { fresh_connect = true }), 10))
      observer:close()
      server:stop()
    end)

  local load_text = loadstring or load -- luacheck: ignore
  local block = load_text [[
    local handle <close> = ...
    return handle
  ]]
  if block then -- since Lua 5.4
    it("closes itself at the end of its block", function()
      assert.are.equal("equinix.http (closed)", tostring(block(core.http())))
    end)
  end

  it("can be used after a request that raised", function()
    local server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "fine") end
    ]]
    local handle = Handle.new()
    for _ = 1, 3 do
      assert.is_false((pcall(handle.get, handle, server.url,
        { headers = { { "A", "\0" } } })))
      assert.are.equal("fine", assert(handle:get(server.url)).body)
    end
    handle:close()
    server:stop()
  end)

  it("refuses calls of a finalizer in the middle of a call", function()
    -- Many headers, so that making the response runs the collector.
    local server = rawserver.start [[
      local c = ...
      local lines = {}
      for i = 1, 2000 do
        lines[i] = ("X-%d: %d\r\n"):format(i, i)
      end
      while c:request() do c:send(c.ok("fine", table.concat(lines))) end
    ]]
    local handle = core.http()
    local request = Handle.request("GET", server.url)
    local refused = 0
    local function meddle()
      for _, use in ipairs { "send", "close" } do
        local ok, message = pcall(handle[use], handle, request, 1)
        if not ok and message:find("attempt to use a busy equinix.http", 1,
            true) then
          refused = refused + 1
        end
      end
    end
    for _ = 1, 200 do
      Handle.finalizer(meddle)
      local ok, response = pcall(handle.send, handle, request, 10)
      if ok then
        assert.are.equal("fine", response.body)
        assert.are.equal(2001, #response.headers)
      else
        handle = core.http() -- it was closed between two calls
      end
      if refused >= 2 then
        break
      end
    end
    assert.is_true(refused >= 2)
    handle:close()
    server:stop()
  end)

  it("is not collected during a call", function()
    local server = rawserver.start [[
      local c = ...
      while c:request() do c:send(c.ok "fine") end
    ]]
    -- Only the call itself has this handle.
    for _ = 1, 20 do
      assert.are.equal("fine", assert(core.http():send(
        Handle.request("GET", server.url), 10)).body)
      collectgarbage()
    end
    server:stop()
  end)

  it("works again after memory ran out, at any point", function()
    local file = io.open(host.program)
    if not file then
      pending("needs " .. host.program)
      return
    end
    file:close()
    local server = rawserver.start [[
      local c = ...
      while c:request() do
        c:send(c.ok(("y"):rep(3000), ("X-Header: value\r\n"):rep(20)))
      end
    ]]
    local out, code = process.capture(([[
      LUA_CPATH=%s %s spec/support/scripts/http_starved.lua \
        %s 2>&1]]):format(process.quote(package.cpath), host.program,
      server.url))
    server:stop()
    assert.are.equal("", out)
    assert.are.equal(0, code)
  end)
end)

describe("a function on_chunk", function()
  local server, handle

  setup(function()
    -- /drip: the second half waits for a request of /go. /cut: half a body.
    server = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        if request.path == "/drip" then
          c:send "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"
          while not c.share.go do
            c:sleep(0.01)
          end
          c:send "rest"
        elseif request.path == "/go" then
          c.share.go = true
          c:send(c.ok "gone")
        elseif request.path == "/cut" then
          c:send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
          return
        elseif request.path == "/big" then
          c:send(c.ok(("0123456789"):rep(300000)))
        else
          c:send "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope"
        end
      end
    ]]
  end)
  before_each(function()
    handle = core.http()
  end)
  after_each(function()
    handle:close()
  end)
  teardown(function()
    server:stop()
  end)

  local function send(path, drain)
    return handle:send({ method = "GET", url = server.url .. path,
      headers = {} }, 10, drain)
  end

  it("gets the body piece by piece, while it arrives", function()
    local chunks = {}
    local response = assert(send("/drip", function(chunk)
      chunks[#chunks + 1] = chunk
      if #chunks == 1 then
        local other = core.http()
        assert(other:send({ method = "GET", url = server.url .. "/go",
          headers = {} }, 10))
        other:close()
      end
    end))
    assert.equal("", response.body)
    assert.same({ "half", "rest" }, chunks)
  end)

  it("gets all of a body of any size", function()
    local total = 0
    assert(send("/big", function(chunk)
      total = total + #chunk
    end))
    assert.equal(3000000, total)
  end)

  it("gets nothing of a response that is no success", function()
    local response = assert(send("/missing", function()
      error "must not be called"
    end))
    assert.equal(404, response.status)
    assert.equal("nope", response.body)
  end)

  it("gets what arrived of a body that is cut, and the call fails", function()
    local text = ""
    local response, err = send("/cut", function(chunk)
      text = text .. chunk
    end)
    assert.is_nil(response)
    assert.is_true(err.maybe_sent)
    assert.truthy(("half"):find(text, 1, true))
  end)

  it("may raise: the call ends, and the handle can be used", function()
    local ok, message = pcall(send, "/big", function()
      error("enough", 0)
    end)
    assert.is_false(ok)
    assert.equal("enough", message)
    assert.equal(404, assert(send "/missing").status)
  end)

  it("may change the request: what is sent does not change", function()
    -- Responds first and then reads the body, more than sockets can hold.
    local early = rawserver.start [[
      local c = ...
      c:send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n:\r\n"
      while c:receive "*l" ~= "" do end
      local body = c:receive(16000000)
      local first = body and body:find "[^A]"
      c:send(("4\r\n%s\r\n0\r\n\r\n"):format(first and "torn" or "good"))
    ]]
    local request = { method = "POST", url = early.url,
      body = ("A"):rep(16000000) }
    local text = ""
    local response, err = handle:send(request, 10, function(chunk)
      text = text .. chunk
      request.body = nil
      collectgarbage()
      request.body = ("B"):rep(16000000)
    end)
    early:stop()
    assert.is_nil(err)
    assert.equal(200, response.status)
    assert.equal(":good", text)
  end)

  it("may fork: the child gets nothing of the response", function()
    local slow = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        if request.path == "/drip" then
          c:send "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"
          while not c.share.go do
            c:sleep(0.01)
          end
          c:send "rest"
        else
          c.share.go = true
          c:send(c.ok "gone")
        end
      end
    ]]
    local ok, words = pcall(host.run, "--forks 1", "http_forked", slow.url)
    slow:stop()
    assert.is_true(ok, words)
  end)

  it("can't use its handle", function()
    local ok, message = pcall(send, "/big", function()
      send "/missing"
    end)
    assert.is_false(ok)
    assert.truthy(message:find("busy", 1, true))
  end)
end)
