-- attempt: what lies on a kept connection is no response, and what certainly
-- had no effect goes out once more.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local faults = require "spec.support.faults"
local h2server = require "spec.support.h2server"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- The first connection answers one request. When the client asks /barrier, on
-- another one, it does what the spec wants, and only then /barrier is
-- answered: what it sent is on the client's socket by then.
local IDLE = [[
  local c, n = ...
  local share = c.share
  for request in function() return c:request() end do
    if request.path == "/barrier" then
      share.asked = true
      while not share.done do c:sleep(0.005) end
    end
    c:send(c.ok(request.method .. " " .. request.path))
    if request.path == "/first" then
      while not share.asked do c:sleep(0.005) end
      %s
      share.done = true
      c:hangup()
      return
    end
  end
]]

local LATE = {
  ["a 408"] = 'c:send "HTTP/1.1 408 Request Timeout\\r\\n'
    .. 'Content-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"',
  ["a 408, then closed"] = 'c:send "HTTP/1.1 408 Request Timeout\\r\\n'
    .. 'Content-Length: 0\\r\\nConnection: close\\r\\n\\r\\n" c:close()',
  ["a second response"] = 'c:send(c.ok "of another caller")',
  ["the rest of a body"] = 'c:send "the rest"',
  ["an empty line"] = 'c:send "\\r\\n"',
  ["a close"] = "c:close()",
  ["a reset"] = "c:reset()",
}

local WAYS = {
  GET = function(handle, url, fields)
    return handle:get(url, fields)
  end,
  ["a GET that may be repeated"] = function(handle, url, fields)
    fields.may_resend = true
    return handle:get(url, fields)
  end,
  POST = function(handle, url, fields)
    fields.body = "order"
    return handle:post(url, fields)
  end,
  ["a large POST"] = function(handle, url, fields)
    fields.body = ("x"):rep(300000)
    return handle:post(url, fields)
  end,
  ["a POST of send_many"] = function(handle, url, fields)
    fields.body = "order"
    local result = handle.http:send_many(
      { Handle.request("POST", url, fields) }, 1, 10)[1]
    return result.response, result.err
  end,
}

local function describe_over(protocol, tls)
  describe("a kept connection over " .. protocol, function()
    local made, server, handle

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

    local function start(script)
      server = rawserver.start(script, tls and {
        key = made.good.key, certificate = made.good.certificate,
        protocol = tls,
      })
      return { ca_file = tls and made.ca_file or nil }
    end

    local function paths()
      local seen = {}
      for _, request in ipairs(server:requests()) do
        seen[#seen + 1] = request.path
      end
      table.sort(seen)
      return table.concat(seen, " ")
    end

    for late, action in pairs(LATE) do
      for way, send in pairs(WAYS) do
        it(("with %s while idle is not used by %s"):format(late, way),
          function()
            local fields = start(IDLE:format(action))
            assert(handle:get(server.url .. "/first", fields))
            local other = Handle.new()
            assert(other:get(server.url .. "/barrier", fields))
            other:close()
            local response, err = send(handle, server.url .. "/next", fields)
            assert.is_nil(err)
            assert.are.equal(200, response.status)
            assert.is_truthy(response.body:find " /next$", response.body)
            assert.are.equal(1, response.connects)
            assert.are.equal("/barrier /first /next", paths())
          end)
      end
    end

    it("that stays quiet is used", function()
      local fields = start [[
        local c = ...
        while c:request() do c:send(c.ok "hello") end
      ]]
      for _ = 1, 5 do
        assert(handle:post(server.url, fields))
      end
      assert.are.equal(1, server:connections())
    end)

    -- The server gives up the connection while the request is on its way.
    local GIVES_UP = [[
      local c, n = ...
      while c:request() do
        if c.share.answered and n %s then
          c:send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
            .. "Connection: close\r\n\r\n")
          return
        end
        c.share.answered = true
        c:send(c.ok "done")
      end
    ]]

    for way, send in pairs(WAYS) do
      it("that answers 408 was not used: " .. way, function()
        local fields = start(GIVES_UP:format "== 1")
        assert(handle:get(server.url .. "/first", fields))
        local response, err = send(handle, server.url .. "/next", fields)
        assert.is_nil(err)
        assert.are.same({ 200, "done" }, { response.status, response.body })
        assert.are.equal("/first /next /next", paths())
      end)
    end

    it("that takes nothing of a request is replaced", function()
      if not faults.can_run() then
        pending "needs cc and glibc's preloading"
        return
      end
      local fields = start [[
        local c = ...
        while c:request() do c:send(c.ok "hello") end
      ]]
      faults.run("refused_send", server.url, fields.ca_file or "")
      assert.are.equal("/first /first /next /next", paths())
    end)

    it("is not blamed for the 408 of a new one", function()
      local fields = start(GIVES_UP:format "> 0")
      assert(handle:get(server.url .. "/first", fields))
      local response = assert(handle:post(server.url .. "/next", fields))
      assert.are.equal(408, response.status)
      assert.are.equal("/first /next /next", paths())
      response = assert(handle:post(server.url .. "/last", fields))
      assert.are.equal(408, response.status)
      assert.are.equal("/first /last /next /next", paths())
    end)
  end)
end

describe_over "TCP"
describe_over("TLS 1.2", "tlsv1_2")
describe_over("TLS 1.3", "tlsv1_3")

describe("over HTTP/2", function()
  local made, server

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  after_each(function()
    if server then
      server:stop()
      server = nil
    end
  end)

  local function start(more)
    server = h2server.start(made.good, more)
    if not server then
      pending "needs nginx with HTTP/2"
    end
    return server
  end

  local function request(i, fields)
    fields = fields or {}
    fields.ca_file = made.ca_file
    return Handle.request(i % 7 == 0 and "GET" or "POST",
      server.url .. "/" .. i, fields)
  end

  -- Each one was carried out, and none twice.
  local function assert_once(count)
    local paths
    process.eventually(function() -- it logs when the answer is out already
      paths = server:paths()
      return paths["/" .. count]
    end)
    for i = 1, count do
      assert.are.equal(1, paths["/" .. i], "/" .. i)
    end
  end

  for _, at_once in ipairs { 1, 10, 50, 400 } do
    it("GOAWAY loses nothing, with " .. at_once .. " at once", function()
      if not start "keepalive_requests 50;" then
        return
      end
      local http, list = core.http(), {}
      for i = 1, 400 do
        list[i] = request(i)
      end
      for _, result in ipairs(http:send_many(list, at_once, 30)) do
        assert.is_nil(result.err and result.err.message)
        assert.are.equal("2", result.response.http_version)
      end
      http:close()
      assert_once(400)
    end)
  end

  it("GOAWAY loses nothing of core.engine", function()
    if not start "keepalive_requests 50;" then
      return
    end
    local engine = require("spec.support.engine").new()
    for i = 1, 400 do
      assert(engine:start(core.prepare(request(i)), 30))
    end
    for _ = 1, 400 do
      local _, response, err = engine:wait(30)
      assert.is_nil(err and err.message)
      assert.are.equal(200, response.status)
    end
    engine:close()
    assert_once(400)
  end)
end)
