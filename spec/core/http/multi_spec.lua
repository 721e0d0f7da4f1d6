-- multi: many at once, one pool of connections, one process.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local collector = require "spec.support.collector"
local core = require "equinix.core"
local faults = require "spec.support.faults"
local h2server = require "spec.support.h2server"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- The response is the path; to /slow after a while, to /never none.
local ECHO = [[
  local c, n = ...
  local share = c.share
  share.now, share.most = share.now or 0, share.most or 0
  for request in function() return c:request() end do
    share.now = share.now + 1
    share.most = math.max(share.most, share.now)
    if request.path == "/never" then
      c:hangup()
    elseif request.path:find "^/slow" then
      c:sleep(0.05)
    end
    share.now = share.now - 1
    c:send(c.ok(request.path, ("X-Most: %d\r\n"):format(share.most)))
  end
]]

describe("send_many", function()
  local server, handle

  before_each(function()
    server = rawserver.start(ECHO)
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    server:stop()
  end)

  local function requests(n, prefix)
    local list = {}
    for i = 1, n do
      list[i] = Handle.request("GET", ("%s/%s%d"):format(server.url,
        prefix or "", i), { may_resend = true })
    end
    return list
  end

  it("returns the results in order, each with its own response", function()
    for _, at_once in ipairs { 1, 3, 50, 1000, 100000 } do
      local list = requests(100)
      local results = handle.http:send_many(list, at_once, 60)
      assert.are.equal(100, #results)
      for i, result in ipairs(results) do
        assert.is_nil(result.err)
        assert.are.equal("/" .. i, result.response.body)
      end
    end
  end)

  it("returns none for none", function()
    assert.are.same({}, handle.http:send_many({}, 10, 10))
  end)

  it("raises for a list that claims to be endless", function()
    -- The length of a list with holes may be any number before a nil.
    local parts = {}
    for k = 0, 60 do
      parts[#parts + 1] = ("[%.0f]=..."):format(2 ^ k)
    end
    local list = assert((loadstring or load)( -- luacheck: ignore 113
      "return {" .. table.concat(parts, ",") .. "}"))(
      Handle.request("GET", "http://127.0.0.1:1"))
    if #list > 1e9 then
      local ok, message = pcall(handle.http.send_many, handle.http, list, 1, 1)
      assert.is_false(ok)
      assert.is_truthy(message:find("too many requests", 1, true))
    end
  end)

  it("sends n at once, neither more nor fewer", function()
    local results = handle.http:send_many(requests(20, "slow"), 4, 20)
    local most = 0
    for _, result in ipairs(results) do
      most = math.max(most, tonumber(Handle.header(result.response,
        "X-Most")))
    end
    assert.are.equal(4, most)
    assert.is_true(server:connections() <= 4)
  end)

  it("uses connections again, those of single requests too",
    function()
      for _ = 1, 5 do
        local results = handle.http:send_many(requests(20, "slow"), 20, 20)
        for _, result in ipairs(results) do
          assert.is_nil(result.err)
        end
        assert.are.equal(0, assert(handle:get(server.url,
          { may_resend = true })).connects)
      end
      local made = server:connections()
      assert.is_true(made > 4 and made <= 20, made)
    end)

  it("keeps the order with failures among the results", function()
    local list = requests(6)
    list[2].url = "http://127.0.0.1:" .. Handle.closed_port()
    list[4].url = server.url .. "/never"
    list[4].body = "x"
    list[5].connect_timeout = 0
    local results = handle.http:send_many(list, 3, 0.5)
    for _, i in ipairs { 1, 3, 6 } do
      assert.are.equal("/" .. i, results[i].response.body)
      assert.is_nil(results[i].err)
    end
    assert.are.equal("ECONNREFUSED", results[2].err.code)
    assert.are.same({ "timeout", true },
      { results[4].err.kind, results[4].err.maybe_sent })
    assert.are.same({ "timeout", false },
      { results[5].err.kind, results[5].err.maybe_sent })
    for _, i in ipairs { 2, 4, 5 } do
      assert.is_nil(results[i].response)
    end
  end)

  it("ends as a whole at its deadline", function()
    local list = requests(4)
    for _, request in ipairs(list) do
      request.url = server.url .. "/never"
    end
    local results = handle.http:send_many(list, 1, 0.3)
    assert.are.same({ "timeout", true },
      { results[1].err.kind, results[1].err.maybe_sent })
    -- They were never started; but there may have been a millisecond for the
    -- second one.
    assert.are.equal("timeout", results[2].err.kind)
    for i = 3, 4 do
      assert.are.same({ "timeout", false },
        { results[i].err.kind, results[i].err.maybe_sent })
    end
    assert.is_true(#server:requests() <= 2)
  end)

  it("sends each request its own body", function()
    local list = {}
    for i = 1, 50 do
      list[i] = Handle.request("POST", server.url .. "/" .. i,
        { body = ("body %d "):format(i):rep(i) })
    end
    local results = handle.http:send_many(list, 10, 20)
    for i, result in ipairs(results) do
      assert.are.equal("/" .. i, result.response.body)
    end
    for _, request in ipairs(server:requests()) do
      local i = tonumber(request.path:sub(2))
      assert.are.equal(list[i].body, request.body)
    end
  end)

  it("sends each its own headers and body, whatever they share",
    function()
      local shared = { { "X-Of", "all" } }
      local function request(method, headers, body)
        return Handle.request(method, server.url .. "/", {
          headers = headers,
          body = body,
          may_resend = true,
        })
      end
      local post = request("POST", shared, "a body")
      local own = request("GET", { { "X-Of", "one" } })
      local list = {
        request("GET", shared), request("GET", shared), post, post,
        request("GET", shared), request("POST", shared, "another"), own, own,
        request("GET"), request("GET"), request("POST"),
        request("GET", shared),
      }
      handle.http:send_many(list, 1, 20)
      local seen = {}
      for i, got in ipairs(server:requests()) do
        seen[i] = ("%s %s %s"):format(got.method, got.headers["x-of"] or "-",
          got.body)
        -- Libcurl adds no lines of its own for a body.
        assert.is_nil(got.headers["content-type"])
        assert.is_nil(got.headers.expect)
      end
      assert.are.same({
        "GET all ", "GET all ", "POST all a body", "POST all a body",
        "GET all ", "POST all another", "GET one ", "GET one ",
        "GET - ", "GET - ", "POST - ", "GET all ",
      }, seen)
    end)

  it("keeps what it sends, whatever happens to the requests", function()
    -- A finalizer of the caller empties the tables while the first responses
    -- are made.
    server:stop()
    server = rawserver.start [[
      local c = ...
      while c:request() do
        c:sleep(0.01)
        c:send(c.ok(("z"):rep(300000)))
      end
    ]]
    local list = requests(60)
    for i, request in ipairs(list) do
      request.method = "POST"
      request.body = ("x" .. i):rep(5000)
      request.headers = { { "X-Number", "number " .. i } }
    end
    -- Then, at each further collection, other strings take the memory.
    local emptied, over = 0, false
    local squatters = {} -- luacheck: ignore
    local function meddle()
      if list and #server:requests() == 0 then
        return Handle.finalizer(meddle) -- they are still being read
      end
      emptied = emptied + 1
      for i = 1, list and 60 or 0 do
        for name in pairs(list[i]) do
          list[i][name] = nil
        end
      end
      list = nil
      for i = 1, 60 do
        squatters[i] = ("y" .. i):rep(5000)
      end
      if not over then
        Handle.finalizer(meddle)
      end
    end
    local rest = collector.restless()
    Handle.finalizer(meddle)
    local results = handle.http:send_many(list, 2, 60)
    rest()
    over = true
    for _, result in ipairs(results) do
      assert.is_nil(result.err)
    end
    assert.is_true(emptied > 0)
    local seen = 0
    for _, request in ipairs(server:requests()) do
      local i = request.body:match "^x(%d+)"
      assert.are.equal(("x" .. i):rep(5000), request.body)
      assert.are.equal("number " .. i, request.headers["x-number"])
      assert.are.equal("/" .. i, request.path)
      seen = seen + 1
    end
    assert.are.equal(60, seen)
  end)

  it("works as before after it has raised", function()
    local list = requests(10)
    list[8].url = ""
    for _ = 1, 3 do
      assert.is_false((pcall(handle.http.send_many, handle.http, list, 3,
        20)))
      for _, result in ipairs(handle.http:send_many(requests(10), 3, 20)) do
        assert.is_nil(result.err)
      end
    end
  end)
end)

describe("over HTTP/2", function()
  local made, server

  setup(function()
    made = certificates.make()
    server = h2server.start(made.good)
  end)
  teardown(function()
    if server then
      server:stop()
    end
    certificates.remove(made)
  end)

  it("send_many shares one connection", function()
    if not server then
      pending "needs nginx with HTTP/2"
      return
    end
    local handle = core.http()
    local list = {}
    for i = 1, 100 do
      list[i] = Handle.request("GET", server.url,
        { ca_file = made.ca_file, may_resend = true })
    end
    local results = handle:send_many(list, 50, 20)
    local single = assert(handle:send(list[1], 10))
    handle:close()
    local connects = 0
    for _, result in ipairs(results) do
      assert.is_nil(result.err)
      assert.are.equal("2", result.response.http_version)
      connects = connects + result.response.connects
    end
    assert.are.equal(1, connects)
    assert.are.equal(0, single.connects)
    assert.are.equal("hello", single.body)
    local count, connections, versions
    process.eventually(function() -- it logs when the answer is out already
      count, connections, versions = server:log()
      return count >= 101
    end)
    assert.are.equal(101, count)
    assert.are.equal(1, connections)
    assert.are.same({ ["HTTP/2.0"] = 101 }, versions)
  end)
end)

describe("a deadline", function()
  it("ends what libcurl never ends", function()
    if not faults.can_run() then
      pending "needs cc and glibc's preloading"
      return
    end
    local server = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        if request.path == "/never" then c:hangup() end
        c:send(c.ok "hello")
      end
    ]]
    local ok, message = pcall(faults.run, "silent_libcurl", server.url)
    server:stop()
    assert.is_true(ok, message)
  end)
end)

describe("after a fork", function()
  it("every process has connections of its own", function()
    local file = io.open(host.program)
    if not file then
      pending("needs " .. host.program)
      return
    end
    file:close()
    -- A response is the number of its connection.
    local server = rawserver.start [[
      local c, n = ...
      while c:request() do c:send(c.ok(tostring(n))) end
    ]]
    local out, code = process.capture(([[
      SERVER_URL=%s LUA_PATH="./?.lua" LUA_CPATH=%s \
      %s --forks 4 --preload spec.support.scripts.http_parent \
        spec/support/scripts/http_child.lua 2>&1]]):format(server.url,
      process.quote(package.cpath), host.program))
    local connections = server:connections()
    server:stop()
    assert.are.equal(0, code, out)
    assert.are.equal("", out)
    assert.are.equal(5, connections)
  end)
end)
