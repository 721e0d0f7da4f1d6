-- engine_object: transfers that are under way between two calls.
local Handle = require "spec.support.handle"
local collector = require "spec.support.collector"
local core = require "equinix.core"
local engines = require "spec.support.engine"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- The response is the path; to /held when /go was requested, to /gone when a
-- client has closed its connection of /lost.
local SERVER = [[
  local c = ...
  local share = c.share
  for request in function() return c:request() end do
    if request.path == "/held" then
      while not share.go do
        c:sleep(0.005)
      end
    elseif request.path == "/lost" then
      c:hangup()
      share.gone = true
      return
    elseif request.path == "/gone" then
      while not share.gone do
        c:sleep(0.005)
      end
    elseif request.path == "/go" then
      share.go = true
    end
    local lines = {}
    for i = 1, request.path == "/many" and 2000 or 0 do
      lines[i] = ("X-%d: %d\r\n"):format(i, i)
    end
    c:send(c.ok(request.method == "POST" and #request.body .. " bytes"
      or request.path, table.concat(lines)))
  end
]]

describe("core.engine", function()
  local server, engine

  before_each(function()
    server = rawserver.start(SERVER)
    engine = engines.new()
  end)
  after_each(function()
    engine:close()
    server:stop()
  end)

  local function prepare(path, fields)
    return core.prepare(Handle.request("GET", server.url .. path, fields))
  end

  local function add(path, fields)
    return assert(engine:start(prepare(path, fields), 10))
  end

  -- Before the first response libcurl does not know that this server can't
  -- share a connection between transfers, and waits.
  local function warm_up()
    add "/"
    assert(engine:wait(60))
  end

  it("has a readable string, closes twice, and raises afterwards",
    function()
      assert.is_truthy(tostring(engine):find "^equinix%.engine %(0?x?%x+%)$")
      assert.equal("equinix.engine", getmetatable(core.engine()))
      add "/held"
      engine:close()
      engine:close()
      assert.equal("equinix.engine (closed)", tostring(engine))
      for name, argument in pairs { start = prepare "/", wait = 1,
        cancel = 1 } do
        local ok, message = pcall(engine[name], engine, argument, 1)
        assert.is_false(ok)
        assert.is_truthy(message:find("closed equinix.engine", 1, true))
      end
    end)

  it("raises for other objects, requests and times", function()
    for _, self in ipairs { 1, "x", {}, io.stdout, core.http() } do
      for _, name in ipairs { "add", "wait", "cancel", "close" } do
        assert.has_error(function()
          engine[name](self, prepare "/", 1)
        end)
      end
    end
    for _, use in ipairs {
      function() engine:start({ method = "GET", url = server.url }, 1) end,
      function() engine:start(engine, 1) end,
      function() engine:start(prepare "/") end,
      function() engine:start(prepare "/", 0 / 0) end,
      function() engine:wait(0 / 0) end,
      function() engine:wait {} end,
      function() engine:cancel() end,
    } do
      assert.has_error(use)
    end
    assert.is_nil(engine:wait())
  end)

  it("returns each result once, with the number that add returned", function()
    local paths, n = {}, 40
    for i = 1, n do
      paths[add("/" .. i)] = "/" .. i
    end
    for _ = 1, n do
      local number, response, problem = engine:wait(60)
      assert.is_nil(problem)
      assert.equal(paths[number], response.body)
      assert.equal(200, response.status)
      paths[number] = nil
    end
    assert.is_nil(next(paths))
    assert.is_nil(engine:wait())
  end)

  it("continues a transfer over any number of waits", function()
    warm_up()
    local held = add "/held"
    -- Nothing has ended after a short one; a later transfer ends earlier.
    assert.is_nil(engine:wait(0.02))
    assert.is_nil(engine:wait(0))
    local other = add "/other"
    assert.equal(other, (engine:wait(60)))
    assert.is_nil(engine:wait(0))
    local go = add "/go"
    local ended = { [engine:wait(60)] = true, [engine:wait(60)] = true }
    assert.same({ [held] = true, [go] = true }, ended)
  end)

  it("uses a connection again", function()
    for i = 1, 3 do
      add("/" .. i)
      local _, response = engine:wait(60)
      assert.equal(i == 1 and 1 or 0, response.connects)
    end
    assert.equal(1, server:connections())
  end)

  it("returns a failure like any other result", function()
    local refused = assert(engine:start(core.prepare(Handle.request("GET",
      "http://127.0.0.1:" .. Handle.closed_port())), 10))
    local number, response, problem = engine:wait(60)
    assert.equal(refused, number)
    assert.is_nil(response)
    assert.equal("ECONNREFUSED", problem.code)
    -- No time at all: it fails before it begins.
    local late, fine = engine:start(prepare "/", 0), add "/fine"
    local outcomes = {}
    for _ = 1, 2 do
      number, response, problem = engine:wait(60)
      outcomes[number] = response and response.body or problem.kind
    end
    assert.same({ [late] = "timeout", [fine] = "/fine" }, outcomes)
  end)

  it("ends a transfer whose own time is over", function()
    local number = assert(engine:start(prepare "/held", 0.05))
    local ended, _, problem = engine:wait(60)
    assert.equal(number, ended)
    assert.equal("timeout", problem.kind)
    assert.is_nil(engine:wait())
  end)

  it("cancels one transfer and no other", function()
    warm_up()
    local lost, gone = add "/lost", add "/gone"
    assert(process.eventually(function()
      engine:wait(0.01)
      return #server:requests() == 3
    end))
    assert.is_true(engine:cancel(lost))
    assert.is_false(engine:cancel(lost))
    -- It ends only when the other connection was closed.
    local number, response = engine:wait(60)
    assert.equal(gone, number)
    assert.equal("/gone", response.body)
    assert.is_nil(engine:wait())
  end)

  it("drops the result of a transfer that has ended or never began", function()
    local late = engine:start(prepare "/", 0)
    assert.is_true(engine:cancel(late))
    assert.is_nil(engine:wait())
    local first, second = add "/1", add "/2"
    local ended = engine:wait(60)
    assert.is_false(engine:cancel(ended))
    assert.is_true(engine:cancel(ended == first and second or first))
    assert.is_nil(engine:wait())
    assert.is_false(engine:cancel(99))
  end)

  it("keeps what libcurl reads until the result was returned", function()
    local size, n = 256 * 1024, 4
    for i = 1, n do
      -- There is no other reference to this body.
      assert(engine:start(core.prepare(Handle.request("POST", server.url,
        { body = (("%d"):format(i)):rep(size + i) })), 10))
      collectgarbage()
    end
    local found = {}
    for _ = 1, n do
      collectgarbage()
      local number, response = engine:wait(60)
      found[number] = response.body
    end
    for i = 1, n do
      assert.equal(size + i .. " bytes", found[i])
    end
    for _, request in ipairs(server:requests()) do
      local digit = request.body:sub(1, 1)
      assert.is_nil(request.body:find("[^" .. digit .. "]"))
    end
  end)

  it("keeps no request of a transfer that has ended", function()
    local kept = setmetatable({}, { __mode = "k" })
    for _, path in ipairs { "/", "/held", "/" } do
      local prepared = prepare(path)
      kept[prepared] = true
      assert(engine:start(prepared, path == "/" and 10 or 0))
    end
    engine:wait(60)
    engine:wait(60)
    engine:wait(60)
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.is_nil(next(kept))
  end)

  it("closes its connections when it is collected", function()
    local forgotten = core.engine()
    assert(forgotten:start(prepare "/lost", 10))
    assert(process.eventually(function()
      forgotten:wait(0.01)
      return #server:requests() == 1
    end))
    forgotten = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    add "/gone"
    local _, response = engine:wait(60)
    assert.equal("/gone", response.body)
  end)

  it("refuses calls of a finalizer while it returns a result", function()
    local refused = 0
    local function meddle()
      for _, name in ipairs { "wait", "close" } do
        local ok, message = pcall(engine[name], engine, 0)
        if not ok and message:find("a busy equinix.engine", 1, true) then
          refused = refused + 1
        end
      end
    end
    local rest = collector.restless()
    for _ = 1, 200 do
      if not pcall(add, "/many") then
        engine = engines.new() -- it was closed between two calls
      end
      Handle.finalizer(meddle)
      pcall(engine.wait, engine)
      if refused >= 2 then
        break
      end
    end
    rest()
    assert.is_true(refused >= 2)
  end)

  local function needs_host()
    local file = io.open(host.program)
    if not file then
      pending("needs " .. host.program)
      return false
    end
    file:close()
    return true
  end

  it("loses no result when memory runs out, at any point", function()
    if needs_host() then
      assert.equal("", host.run("", "engine_starved", server.url))
    end
  end)

  it("has nothing under way in a forked child, and can be used there",
    function()
      if needs_host() then
        assert.equal("", host.run("--forks 1", "engine_forked", server.url))
      end
    end)
end)

describe("core.engine, waiting for input too,", function()
  local server
  setup(function()
    server = rawserver.start(SERVER)
  end)
  teardown(function()
    server:stop()
  end)

  -- A Lua whose standard input is a pipe of this process, with or without a
  -- transfer under way.
  local function run(text, transfer)
    return process.start({ "sh", "-c", "exec " .. process.interpreter()
      .. ' -e "$1"', "sh", ([[
      package.cpath = %q
      local core = require "equinix.core"
local engines = require "spec.support.engine"
      io.stdout:setvbuf "line"
      local engine = engines.new()
      local url, transfer = %q, %s
      if transfer then
        engine:start(core.prepare { method = "GET", url = url .. "/lost" }, 20)
      end
      ]]):format(package.cpath, server.url, tostring(transfer)) .. text },
      { until_eof = true })
  end

  for _, transfer in ipairs { false, true } do
    local which = transfer and "beside a transfer" or "alone"

    it("ends its wait when there is some, " .. which, function()
      local p = run([[
        print("ready", engine:wait(0, true))
        print(engine:wait(60, true), core.input(0))
        print(engine:wait(nil, true), core.input(0))]], transfer)
      for i, text in ipairs { "one", "two" } do
        assert(process.eventually(function()
          return select(2, p:stdout():gsub("\n", "")) == i
        end))
        p.pipe:write(text)
        p.pipe:flush()
      end
      p:stop()
      assert.equal("ready\tnil\nnil\tone\nnil\ttwo\n", p:stdout())
    end)

    it("ends its wait at the end of the input, " .. which, function()
      local p = run("print(engine:wait(nil, true), #core.input(0))", transfer)
      p:stop()
      assert.equal("nil\t0\n", p:stdout())
    end)
  end

  it("does not return input as a result, and a result beside it", function()
    local p = run [[
      local number = engine:start(core.prepare { method = "GET",
        url = url }, 20)
      local ended, response
      repeat
        ended, response = engine:wait(60, true)
      until ended
      print(number == ended, response.status, core.input())]]
    p.pipe:write "input"
    p.pipe:flush()
    p:stop()
    assert.equal("true\t200\tinput\n", p:stdout())
  end)
end)
