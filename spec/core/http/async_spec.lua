-- crowd: transfers that are under way between two calls.
local Handle = require "spec.support.handle"
local collector = require "spec.support.collector"
local core = require "equinix.core"
local host = require "spec.support.host"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- Answers with its path. /held waits until somebody asked for /go; /gone is
-- answered when a connection of /lost has been closed by its client.
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

describe("a crowd", function()
  local server, crowd

  before_each(function()
    server = rawserver.start(SERVER)
    crowd = core.multi()
  end)
  after_each(function()
    crowd:close()
    server:stop()
  end)

  local function prepare(path, fields)
    return core.prepare(Handle.request("GET", server.url .. path, fields))
  end

  local function add(path, fields)
    return assert(crowd:add(prepare(path, fields), 10))
  end

  -- Before its first answer libcurl does not know that this server can't share
  -- a connection between transfers, and waits.
  local function warm_up()
    add "/"
    assert(crowd:wait(10))
  end

  it("says what it is, closes twice, and raises when it is used after",
    function()
      assert.is_truthy(tostring(crowd):find "^equinix%.crowd %(0?x?%x+%)$")
      assert.equal("equinix.crowd", getmetatable(crowd))
      add "/held"
      crowd:close()
      crowd:close()
      assert.equal("equinix.crowd (closed)", tostring(crowd))
      for name, argument in pairs { add = prepare "/", wait = 1,
        cancel = 1 } do
        local ok, message = pcall(crowd[name], crowd, argument, 1)
        assert.is_false(ok)
        assert.is_truthy(message:find("closed equinix.crowd", 1, true))
      end
    end)

  it("raises for what is no crowd, no request and no time", function()
    for _, self in ipairs { 1, "x", {}, io.stdout, core.http() } do
      for _, name in ipairs { "add", "wait", "cancel", "close" } do
        assert.has_error(function()
          crowd[name](self, prepare "/", 1)
        end)
      end
    end
    for _, use in ipairs {
      function() crowd:add({ method = "GET", url = server.url }, 1) end,
      function() crowd:add(crowd, 1) end,
      function() crowd:add(prepare "/") end,
      function() crowd:add(prepare "/", 0 / 0) end,
      function() crowd:wait(0 / 0) end,
      function() crowd:wait {} end,
      function() crowd:cancel() end,
    } do
      assert.has_error(use)
    end
    assert.is_nil(crowd:wait())
  end)

  it("tells each outcome once, under the number that add gave", function()
    local paths, n = {}, 40
    for i = 1, n do
      paths[add("/" .. i)] = "/" .. i
    end
    for _ = 1, n do
      local number, response, problem = crowd:wait(10)
      assert.is_nil(problem)
      assert.equal(paths[number], response.body)
      assert.equal(200, response.status)
      paths[number] = nil
    end
    assert.is_nil(next(paths))
    assert.is_nil(crowd:wait())
  end)

  it("goes on with a transfer over any number of waits", function()
    warm_up()
    local held = add "/held"
    -- Nothing is over after a short one, and what comes later ends earlier.
    assert.is_nil(crowd:wait(0.02))
    assert.is_nil(crowd:wait(0))
    local other = add "/other"
    assert.equal(other, (crowd:wait(10)))
    assert.is_nil(crowd:wait(0))
    local go = add "/go"
    local ended = { [crowd:wait(10)] = true, [crowd:wait(10)] = true }
    assert.same({ [held] = true, [go] = true }, ended)
  end)

  it("uses a connection again", function()
    for i = 1, 3 do
      add("/" .. i)
      local _, response = crowd:wait(10)
      assert.equal(i == 1 and 1 or 0, response.connects)
    end
    assert.equal(1, server:connections())
  end)

  it("tells a failure like any other outcome", function()
    local refused = assert(crowd:add(core.prepare(Handle.request("GET",
      "http://127.0.0.1:" .. Handle.closed_port())), 10))
    local number, response, problem = crowd:wait(10)
    assert.equal(refused, number)
    assert.is_nil(response)
    assert.equal("ECONNREFUSED", problem.code)
    -- No time at all: it has failed before it began.
    local late, fine = crowd:add(prepare "/", 0), add "/fine"
    local outcomes = {}
    for _ = 1, 2 do
      number, response, problem = crowd:wait(10)
      outcomes[number] = response and response.body or problem.kind
    end
    assert.same({ [late] = "timeout", [fine] = "/fine" }, outcomes)
  end)

  it("ends a transfer whose own time is over", function()
    local number = assert(crowd:add(prepare "/held", 0.05))
    local ended, _, problem = crowd:wait(10)
    assert.equal(number, ended)
    assert.equal("timeout", problem.kind)
    assert.is_nil(crowd:wait())
  end)

  it("breaks off what is cancelled, and nothing else", function()
    warm_up()
    local lost, gone = add "/lost", add "/gone"
    assert(process.eventually(function()
      crowd:wait(0.01)
      return #server:requests() == 3
    end))
    assert.is_true(crowd:cancel(lost))
    assert.is_false(crowd:cancel(lost))
    -- Answered only when the other connection was closed.
    local number, response = crowd:wait(10)
    assert.equal(gone, number)
    assert.equal("/gone", response.body)
    assert.is_nil(crowd:wait())
  end)

  it("drops the outcome of one that had ended, or never began", function()
    local late = crowd:add(prepare "/", 0)
    assert.is_true(crowd:cancel(late))
    assert.is_nil(crowd:wait())
    local first, second = add "/1", add "/2"
    local told = crowd:wait(10)
    assert.is_false(crowd:cancel(told))
    assert.is_true(crowd:cancel(told == first and second or first))
    assert.is_nil(crowd:wait())
    assert.is_false(crowd:cancel(99))
  end)

  it("keeps what libcurl reads until the outcome was told", function()
    local size, n = 256 * 1024, 4
    for i = 1, n do
      -- Nobody else holds on to this body.
      assert(crowd:add(core.prepare(Handle.request("POST", server.url,
        { body = (("%d"):format(i)):rep(size + i) })), 10))
      collectgarbage()
    end
    local found = {}
    for _ = 1, n do
      collectgarbage()
      local number, response = crowd:wait(10)
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

  it("keeps no request of what is over", function()
    local kept = setmetatable({}, { __mode = "k" })
    for _, path in ipairs { "/", "/held", "/" } do
      local prepared = prepare(path)
      kept[prepared] = true
      assert(crowd:add(prepared, path == "/" and 10 or 0))
    end
    crowd:wait(10)
    crowd:wait(10)
    crowd:wait(10)
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.is_nil(next(kept))
  end)

  it("closes its connections when it is collected", function()
    local forgotten = core.multi()
    assert(forgotten:add(prepare "/lost", 10))
    assert(process.eventually(function()
      forgotten:wait(0.01)
      return #server:requests() == 1
    end))
    forgotten = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    add "/gone"
    local _, response = crowd:wait(10)
    assert.equal("/gone", response.body)
  end)

  it("refuses a finalizer that wants it while it tells an outcome", function()
    local refused = 0
    local function meddle()
      for _, name in ipairs { "wait", "close" } do
        local ok, message = pcall(crowd[name], crowd, 0)
        if not ok and message:find("a busy equinix.crowd", 1, true) then
          refused = refused + 1
        end
      end
    end
    local rest = collector.restless()
    for _ = 1, 200 do
      if not pcall(add, "/many") then
        crowd = core.multi() -- it was closed between two calls
      end
      Handle.finalizer(meddle)
      pcall(crowd.wait, crowd)
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

  it("loses no outcome when memory runs out, wherever that is", function()
    if needs_host() then
      assert.equal("", host.run("", "crowd_starved", server.url))
    end
  end)

  it("has nothing under way in a forked child, where it can be used",
    function()
      if needs_host() then
        assert.equal("", host.run("--forks 1", "crowd_forked", server.url))
      end
    end)
end)

describe("a crowd that waits for input, too", function()
  local server
  setup(function()
    server = rawserver.start(SERVER)
  end)
  teardown(function()
    server:stop()
  end)

  -- A Lua whose standard input is a pipe of ours, with a crowd; with
  -- transfers under way, or without.
  local function run(text, transfer)
    return process.start({ "sh", "-c", "exec " .. process.interpreter()
      .. ' -e "$1"', "sh", ([[
      package.cpath = %q
      local core = require "equinix.core"
      io.stdout:setvbuf "line"
      local crowd = core.multi()
      local url, transfer = %q, %s
      if transfer then
        crowd:add(core.prepare { method = "GET", url = url .. "/lost" }, 20)
      end
      ]]):format(package.cpath, server.url, tostring(transfer)) .. text },
      { until_eof = true })
  end

  for _, transfer in ipairs { false, true } do
    local which = transfer and "beside a transfer" or "alone"

    it("ends its wait when there is some, " .. which, function()
      local p = run([[
        print("ready", crowd:wait(0, true))
        print(crowd:wait(20, true), core.input(0))
        print(crowd:wait(nil, true), core.input(0))]], transfer)
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
      local p = run("print(crowd:wait(nil, true), #core.input(0))", transfer)
      p:stop()
      assert.equal("nil\t0\n", p:stdout())
    end)
  end

  it("takes no input for an outcome, and tells one beside it", function()
    local p = run [[
      local number = crowd:add(core.prepare { method = "GET", url = url }, 20)
      local ended, response
      repeat
        ended, response = crowd:wait(20, true)
      until ended
      print(number == ended, response.status, core.input())]]
    p.pipe:write "input"
    p.pipe:flush()
    p:stop()
    assert.equal("true\t200\tinput\n", p:stdout())
  end)
end)
