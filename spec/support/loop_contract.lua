-- loop_contract: what every adapter for an event loop promises of its calls;
-- loop_life has what it promises when programs end, fork and reload.
--
-- Law of this file: it knows no loop. One is a module of spec/support/loops:
--
--   transport                -- the adapter
--   load()                   -- the adapter anew, when it has been unloaded
--   start(f)                 -- one more task, also in a task
--   finish()                 -- runs the loop until it ends by itself
--   turn()                   -- one turn of it
--   sleep(seconds)           -- of the loop's own, in a task
--   ticker(seconds, f)       -- calls f that often -> stop
--   doomed(f)                -- a task -> function that kills it; may be nil
--   fork                     -- what a forked child can use: the "same" loop,
--                            -- a "new" one (after forget()), or nil: none
--
-- The server is a real one; what it does is in the path.
local assert = require "luassert"
local busted = require "busted"
local core = require "equinix.core"
local handle = require "spec.support.handle"
local process = require "spec.support.process"
local world = require "spec.support.loop_world"

-- busted sets these as globals in spec files only.
local before_each, after_each, it = busted.before_each, busted.after_each,
  busted.it

local function descriptors()
  return (tonumber((process.capture("ls /proc/" .. core.pid()
    .. "/fd | wc -l"))))
end

---@param loop table as described above
return function(loop)
  local w, server

  before_each(function()
    w = world.new(loop)
    server = w.server
  end)
  after_each(function()
    server:stop()
  end)

  local get = world.get

  local function client(options)
    return w:client(options)
  end

  local function run(f)
    w:run(f)
  end

  it("sends one token request for 500 tasks that begin without one",
    function()
      local c, right = client(), 0
      run(function()
        for i = 1, 500 do
          loop.start(function()
            local path = "/" .. i
            local came = get(c, path) == '"' .. path .. '"'
            right = right + (came and 1 or 0)
          end)
        end
      end)
      assert.equal(500, right)
      assert.equal(1, w:token_requests())
    end)

  it("makes one connection for a token, a call and a refresh", function()
    local c = client()
    run(function()
      assert.equal('"/one"', get(c, "/one"))
      assert(c:refresh())
      assert.equal('"/two"', get(c, "/two"))
    end)
    assert.equal(2, w:token_requests())
    assert.equal(handle.ANNOUNCES and 1 or 2, server:connections())
  end)

  it("lets the loop's own timers go on during a slow call", function()
    local c, ticks = client(), 0
    run(function()
      local stop = loop.ticker(0.01, function()
        ticks = ticks + 1
      end)
      assert.equal('"/slow"', get(c, "/slow"))
      stop()
    end)
    assert.is_true(ticks >= 20, ticks .. " ticks in more than a second")
  end)

  it("calls a function while a request is under way, which may send too",
    function()
      local port, calls, response = loop.transport, 0, nil
      local function request(path)
        return { method = "GET", url = server.url .. path, headers = {} }
      end
      assert.equal(port.send, port.meanwhile)
      run(function()
        response = port.send(request "/slow", 30, nil, { every = 0.1,
          call = function()
            local other = assert(port.send(request "/quick", 30))
            calls = calls + (other.status == 200 and 1 or 0)
          end })
      end)
      assert.equal(200, response.status)
      assert.is_true(calls >= 1, calls)
    end)

  it("ends a call, and a wait for a token, at its own deadline", function()
    local setter, c, outcomes = client(), client(), {}
    run(function()
      assert.equal("{}", get(setter, "/token-slow"))
      for i, seconds in ipairs { 0.3, 10 } do
        loop.start(function()
          local response, err = c:get("/", { timeout = seconds })
          outcomes[i] = response and response.status or err.kind
        end)
      end
    end)
    assert.same({ "timeout", 200 }, outcomes)
    run(function()
      local _, err = c:get("/slow", { timeout = 0.2, retry = false })
      assert.equal("timeout", err.kind)
    end)
    assert.equal(2, w:token_requests())
  end)

  it("repeats a 503 and a reset while other tasks go on", function()
    local c, order = client(), {}
    run(function()
      get(c, "/first")
      for _, path in ipairs { "/again/503", "/again/reset", "/other" } do
        loop.start(function()
          assert.equal('"' .. path .. '"', get(c, path))
          order[#order + 1] = path
        end)
      end
    end)
    assert.equal(3, #order)
    assert.equal("/again/503", order[3]) -- it waited for its Retry-After
  end)

  it("renews a refused token once for 100 tasks, and all succeed", function()
    local c, right = client(), 0
    run(function()
      get(c, "/first")
      loop.sleep(6) -- a token of a few seconds is not taken for refused
      get(c, "/refuse")
      for i = 1, 100 do
        loop.start(function()
          local path = "/" .. i
          local came = get(c, path) == '"' .. path .. '"'
          right = right + (came and 1 or 0)
        end)
      end
    end)
    assert.equal(100, right)
    assert.equal(2, w:token_requests())
  end)

  it("returns cannot_wait outside of a task, and serves a cached token",
    function()
      local c = client()
      local _, err = c:get "/"
      assert.same({ "config", "cannot_wait" }, { err.kind, err.code })
      for _, result in ipairs(c:all { { path = "/" }, { path = "/" } }) do
        assert.equal("cannot_wait", result.err.code)
      end
      run(function()
        assert(c:token())
      end)
      assert.matches("^Bearer token", c:authorization())
    end)

  it("goes on when a task raises, or is dropped in a call", function()
    local c, body = client(), nil
    run(function()
      loop.start(function()
        error("raised on purpose", 0)
      end)
      local dropped = coroutine.wrap(function()
        get(c, "/dropped")
      end)
      pcall(dropped) -- no task of the loop: it can't wait
      loop.start(function()
        body = get(c, "/fine")
      end)
      collectgarbage()
    end)
    assert.equal('"/fine"', body)
  end)

  it("ends its loop by itself, and leaves no descriptor there", function()
    local c, before = client(), nil
    local rounds, warm_up = 30, 5
    for round = 1, rounds + warm_up do
      run(function()
        for i = 1, 8 do
          loop.start(function()
            get(c, "/" .. i)
          end)
        end
      end)
      if round == warm_up then
        before = descriptors()
      end
    end
    for _ = 1, 5 do
      collectgarbage() -- what belongs to a loop goes with the loop
    end
    -- It may have more idle connections, but less than one for each round.
    local grown = descriptors() - before
    assert.is_true(grown < rounds / 2, grown .. " more descriptors")
  end)

  it("sends many, n at a time, in their order", function()
    local c, bodies = client(), {}
    run(function()
      local requests = {}
      for i = 1, 20 do
        requests[i] = { path = "/" .. i }
      end
      for i, result in ipairs(c:all(requests, { concurrency = 4 })) do
        bodies[i] = result.response and result.response.body
          or tostring(result.err)
      end
    end)
    for i = 1, 20 do
      assert.equal('"/' .. i .. '"', bodies[i])
    end
  end)

  it("writes a body to a path, and takes no function", function()
    local c, path = client(), os.tmpname()
    run(function()
      assert(c:get("/file", { sink = path }))
      local _, err = c:get("/file", { sink = function() end })
      assert.equal("sink_function", err.code)
    end)
    assert.equal('"/file"', (process.capture("cat " .. path)))
    os.remove(path)
  end)

  if loop.transport.call then
    it("passes on what a function returns, or raised, to a callback",
      function()
        local c, got = client(), {}
        run(function()
          loop.transport.call(function()
            return get(c, "/called"), 2
          end, function(...)
            got[1] = { ... }
          end)
          loop.transport.call(function()
            error("raised on purpose", 0)
          end, function(...)
            got[2] = { ... }
          end)
        end)
        assert.same({ '"/called"', 2 }, got[1])
        assert.same({ [2] = "raised on purpose" }, got[2])
      end)
  end

  it("fails no call for want of its turn, of 2,000 at once", function()
    local c, right = client(), 0
    run(function()
      get(c, "/first")
      for i = 1, 2000 do
        loop.start(function()
          local path = "/" .. i
          local came = get(c, path) == '"' .. path .. '"'
          right = right + (came and 1 or 0)
        end)
      end
    end)
    assert.equal(2000, right)
  end)
end
