-- once: a request that goes out once arrives once at most, whatever happens to
-- its connection, and whatever HTTP/2 guarantees.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local engines = require "spec.support.engine"
local faults = require "spec.support.faults"
local frames = require "spec.support.frames"
local rawserver = require "spec.support.rawserver"

local ROUNDS = tonumber(os.getenv "ROUNDS") or 20 -- of each race

-- Answers with the number of the connection.
local ECHO = [[
  local c, h2 = ...
  for request in h2.requests do
    h2.answer(request.stream, tostring(c.n))
  end
]]

-- What a server does with a token request, after its bytes have come.
local BROKEN = {
  { "c:close()" }, { "c:reset()" },
  { 'c:send "HTTP/1.1 408 Request Timeout\\r\\nContent-Length: 0\\r\\n'
    .. 'Connection: close\\r\\n\\r\\n"', not_over = "HTTP/2" },
  { "h2.refuse(request.stream) c:hangup()", over = "HTTP/2" },
  { "h2.goaway(0) c:hangup()", over = "HTTP/2" },
  { "h2.goaway(request.stream - 2) c:close()", over = "HTTP/2" },
}

-- The same while the connection is idle.
local LATE = {
  { "c:close()" }, { "c:reset()" },
  { 'c:send(c.ok "of another caller")', not_over = "HTTP/2" },
  { "h2.goaway(1) c:hangup()", over = "HTTP/2" },
  { "h2.ping() for other in h2.requests do "
    .. 'h2.answer(other.stream, "of " .. other.body) end', over = "HTTP/2" },
}

-- The action comes between "first" and the next request, on its connection:
-- what it sent is there when "barrier", on another one, is answered.
local IDLE = [[
  local c, h2 = ...
  local share = c.share
  for request in h2.requests do
    if request.body == "barrier" then
      share.asked = true
      while not share.done do c:sleep(0.005) end
    end
    h2.answer(request.stream, "of " .. request.body)
    if request.body == "first" then
      while not share.asked do c:sleep(0.005) end
      share.done = true
      %s
      return
    end
  end
]]

local function actions(list, over)
  local i = 0
  return function()
    repeat
      i = i + 1
    until not list[i] or ((list[i].over or over) == over
      and list[i].not_over ~= over)
    return list[i] and list[i][1]
  end
end

for _, over in ipairs(frames.all) do
  describe("a request that goes out once, over " .. over, function()
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
      if server then
        server:stop()
      end
      server = rawserver.start(frames.script(script, over),
        frames.tls(over, made.good))
    end

    local function request(body, fields)
      local it = Handle.request("POST", server.url, fields)
      it.body, it.once = body, true
      it.ca_file = over ~= "TCP" and made.ca_file or nil
      return it
    end

    local function token(body, fields)
      return handle.http:send(request(body, fields), 10)
    end

    local function call(body, through)
      local it = request(body)
      it.once = nil
      return assert((through or handle).http:send(it, 60)).body
    end

    -- How often each body arrived, on all connections together.
    local function arrived()
      local n = {}
      for _, seen in ipairs(server:requests()) do
        n[seen.body] = (n[seen.body] or 0) + 1
      end
      return n
    end

    it("leaves its connection, and takes one that is alive", function()
      start(ECHO)
      assert.equal("1", assert(token "one").body)
      assert.equal("1", call "two")
      assert.equal(Handle.ANNOUNCES and "1" or "2",
        assert(token "three").body)
    end)

    it("takes none that had one of another account, without streams",
      function()
        start(ECHO)
        local function on(account)
          return assert(token("x", { account = account })).body
        end
        local function expected(n)
          return over == "HTTP/2" and "1" or n
        end
        if not Handle.ANNOUNCES then
          pending "this libcurl lets it take new ones only"
          return
        end
        assert.same({ "1", "1", expected "2", expected "2", expected "3" },
          { on "a", on "a", on "b", on "b", on "a" })
      end)

    for act in actions(BROKEN, over) do
      it("is not repeated after " .. act:sub(1, 40), function()
        for _, first in ipairs { "call", "token" } do
          start(([[
            local c, h2 = ...
            for request in h2.requests do
              if request.body ~= "token" then
                h2.answer(request.stream, "fine")
              else
                %s
                return
              end
            end
          ]]):format(act))
          if first == "call" then
            call "call"
          end
          local response, err = token "token"
          if response then
            assert.equal(408, response.status)
          else
            assert.is_true(err.maybe_sent)
          end
          local other = Handle.new()
          assert.equal("fine", call("after", other))
          other:close()
          assert.equal(1, arrived().token)
        end
      end)
    end

    for act in actions(LATE, over) do
      it("comes through where its connection had " .. act:sub(1, 40),
        function()
          start(IDLE:format(act))
          call "first"
          local other = Handle.new()
          call("barrier", other)
          other:close()
          local response, err = token "token"
          assert.is_nil(err and err.message)
          assert.equal("of token", response.body)
          assert.equal(1, arrived().token)
        end)
    end

    for _, way in ipairs { "close", "reset" } do
      it(("takes none of a server that ends them by a %s"):format(way),
        function()
          start(IDLE:format("c:" .. way .. "()"))
          call "first"
          local other = Handle.new()
          call("barrier", other)
          other:close()
          for n = 3, 5 do
            assert(token "token")
            assert.equal(n, server:connections())
          end
        end)
    end

    -- (Of a stream of HTTP/2 it is not known what the system took.)
    if over ~= "HTTP/2" then
      it("goes out on a new one where the system took nothing", function()
        if not faults.can_run() then
          pending "needs cc and glibc's preloading"
          return
        end
        start(ECHO)
        faults.run("refused_send", server.url,
          over ~= "TCP" and made.ca_file or "", "once")
        assert.equal(1, arrived().order)
      end)
    end

    -- The server gives up each connection about when the next request comes.
    local RACE = [[
      local c, h2 = ...
      local times = 1 + c.n %% 2
      for request in h2.requests do
        times = times - 1
        h2.answer(request.stream, request.body)
        if times == 0 then
          for _ = 1, (c.n * 7919) %% 20000 do end
          %s
          return
        end
      end
    ]]

    local function assert_raced(send)
      for _, way in ipairs { "close", "reset" } do
        start(RACE:format("c:" .. way .. "()"))
        local results = {}
        for i = 1, ROUNDS do
          local response, err = send(tostring(i))
          assert(response == nil or response.body == tostring(i))
          results[i] = { fine = response, sent = not err or err.maybe_sent }
        end
        local seen = arrived()
        for i, result in ipairs(results) do
          local n = seen[tostring(i)] or 0
          assert.is_true(n <= 1, i .. " arrived " .. n .. " times")
          assert.is_true(n == 0 or result.sent)
          assert.is_true(n == 1 or not result.fine)
        end
      end
    end

    it("arrives once at most, however the server closes", function()
      assert_raced(token)
    end)

    it("does so through core.engine", function()
      local engine = engines.new()
      assert_raced(function(body)
        assert(engine:start(core.prepare(request(body)), 10))
        return select(2, engine:wait(60))
      end)
      engine:close()
    end)
  end)
end

describe("a request that goes out once", function()
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
    server:stop()
  end)

  local function start(script, over)
    server = rawserver.start(frames.script(script, over),
      frames.tls(over, made.good))
  end

  local function send(fields)
    fields.ca_file = made.ca_file
    return handle:post(server.url, fields)
  end

  it("takes no connection that was idle for long", function()
    start(ECHO, "HTTP/2")
    assert(send { body = "call" })
    core.sleep(4.1)
    -- That it was looked at makes it no younger.
    for _ = 1, 2 do
      assert.not_equal("1", assert(send { body = "x", once = true }).body)
    end
  end)

  it("waits outside of a step for a connection that was just in use",
    function()
      if not Handle.ANNOUNCES then
        pending "this libcurl lets it take new ones only"
        return
      end
      start(ECHO, "TCP")
      local engine = core.engine()
      local function begin(fields)
        return assert(engine:start(core.prepare(Handle.request("POST",
          server.url, fields)), 10))
      end
      for _ = 1, ROUNDS do
        begin { body = "call" }
        assert(engine:wait(60)[1].response)
        local number = begin { body = "token", once = true }
        for _ = 1, 3 do
          engine:step()
        end
        engine:cancel(number)
      end
      begin { body = "token", once = true }
      assert(engine:wait(60)[1].response)
      engine:close()
      local arrived = 0
      for _, request in ipairs(server:requests()) do
        arrived = arrived + (request.body == "token" and 1 or 0)
      end
      assert.is_true(arrived <= ROUNDS, "the steps waited, and sent")
    end)

  it("shares no connection that is in use", function()
    start([[
      local c, h2 = ...
      local share = c.share
      for request in h2.requests do
        if request.body == "slow" then
          while not share.asked do c:sleep(0.005) end
        end
        share.asked = request.body == "token"
        h2.answer(request.stream, tostring(c.n))
      end
    ]], "HTTP/2")
    local engine = engines.new()
    local function begin(fields)
      fields.ca_file = made.ca_file
      assert(engine:start(core.prepare(Handle.request("POST", server.url,
        fields)), 10))
    end
    begin { body = "first" }
    assert(select(2, engine:wait(60)))
    begin { body = "slow" }
    begin { body = "token", once = true }
    local bodies = {}
    for i = 1, 2 do
      bodies[i] = assert(select(2, engine:wait(60))).body
    end
    table.sort(bodies)
    assert.same({ "1", "2" }, bodies)
    engine:close()
  end)

  it("follows no redirect, and its cap holds", function()
    start([[
      local c = ...
      for request in function() return c:request() end do
        if request.body == "huge" then
          c:send(c.ok(("x"):rep(3000000)))
        elseif request.body == "moved" then
          c:send("HTTP/1.1 307 Moved\r\nLocation: /there\r\n"
            .. "Content-Length: 0\r\n\r\n")
        else
          c:send(c.ok "fine")
        end
      end
    ]], "TLS 1.3")
    assert.equal(307, assert(send { body = "moved", once = true }).status)
    assert.equal("fine", assert(send { body = "call" }).body)
    local response, err = send { body = "huge", once = true,
      max_body = 65536 }
    assert.is_nil(response)
    assert.equal("body_too_large", err.code)
    assert.equal("fine", assert(send { body = "call" }).body)
    for _, request in ipairs(server:requests()) do
      assert.equal("/", request.path)
    end
  end)

  it("is no request that may be sent again", function()
    start(ECHO, "TCP")
    assert.has_error(function()
      handle:get(server.url, { once = true, may_resend = true })
    end)
  end)
end)
