-- loop_life: what every adapter for an event loop promises when tasks are
-- killed, programs end, fork or reload modules, and stores are slow.
--
-- Law of this file: it knows no loop (spec/support/loop_contract.lua says what
-- one is), and nothing here sleeps for luck.
local assert = require "luassert"
local busted = require "busted"
local core = require "equinix.core"
local host = require "spec.support.host"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local world = require "spec.support.loop_world"

local before_each, after_each, it = busted.before_each, busted.after_each,
  busted.it

local get = world.get

-- A test, or why it is none here.
local function it_where(possible, why, name, f)
  if possible then
    it(name, f)
  else
    busted.pending(name .. ": " .. why)
  end
end

-- Takes all modules of this package away -> puts them back.
local function unload()
  local loaded = {}
  for name, module in pairs(package.loaded) do
    if name:find "^equinix" then
      loaded[name] = module
    end
  end
  for name in pairs(loaded) do
    package.loaded[name] = nil
  end
  return function()
    for name, module in pairs(loaded) do
      package.loaded[name] = module
    end
  end
end

---@param loop table
---@param name string of its file in spec/support/loops
return function(loop, name)
  local w

  before_each(function()
    w = world.new(loop)
  end)
  after_each(function()
    w.server:stop()
  end)

  it_where(loop.doomed, "no task can be killed in this loop, on this Lua",
    "gives a token to the others when the task that looks for it is killed",
    function()
      local setter, id = w:client(), "loop-kill-" .. core.pid()
      local leader = w:client { client_id = id }
      local waiter, bodies = w:client { client_id = id }, {}
      w:run(function()
        assert.equal("{}", get(setter, "/token-slow"))
        loop.start(function()
          bodies.leader = get(leader, "/leader")
        end)
        local kill = loop.doomed(function()
          bodies.killed = get(waiter, "/killed")
        end)
        loop.sleep(0.1) -- it is the first one that waits
        for i = 1, 5 do
          loop.start(function()
            bodies[i] = get(waiter, "/" .. i)
          end)
        end
        loop.sleep(0.1)
        kill()
      end)
      assert.same({ '"/1"', '"/2"', '"/3"', '"/4"', '"/5"',
        leader = '"/leader"' }, bodies)
      assert.equal(2, w:token_requests())
      assert.equal(0, w:count "/killed")
    end)

  it("ends a call in flight when its modules are loaded anew", function()
    local old, bodies = w:client(), {}
    w:run(function()
      get(old, "/first")
      loop.start(function()
        bodies.old = get(old, "/held")
      end)
      w:wait_for(old, 1)
      local restore = unload()
      local ok, message = pcall(function()
        local equinix = require "equinix"
        local adapter = loop.load()
        local new = assert(equinix.new { transport = adapter,
          base_url = w.server.url, client_id = "loop-new-" .. core.pid(),
          client_secret = "a secret of no use" })
        adapter.spawn(function()
          bodies.new = get(new, "/new")
          get(new, "/go")
        end)
      end)
      restore()
      assert.is_true(ok, message)
      old = nil
      collectgarbage()
    end)
    assert.same({ old = '"/held"', new = '"/new"' }, bodies)
  end)

  local function script(file, ...)
    local words = { "timeout 300 " .. process.interpreter(), "-e",
      process.quote(("package.path, package.cpath = %q, %q"):format(
        package.path, package.cpath)), "spec/support/scripts/" .. file }
    for _, word in ipairs { ... } do
      words[#words + 1] = process.quote(word)
    end
    return process.capture(table.concat(words, " ") .. " 2>&1 </dev/null")
  end

  it("lets a program end with calls in flight", function()
    local output, code = script("loop_quit.lua", name, w.server.url)
    assert.same({ "left", 0 }, { output, code })
  end)

  local can_fork = process.capture("test -x " .. host.program .. "; echo $?")
  it_where(can_fork == "0", "the program that forks is not built for this Lua",
    "keeps calls in flight apart from a forked child", function()
      host.run("--forks 1", "loop_forked", name, w.server.url)
      assert.equal(1, w:token_requests())
      assert.equal(2, w:count "/held")
    end)

  it("uses a file store without a second token request", function()
    local dir = process.tempdir()
    local file = require "equinix.store.file"
    local id = "loop-store-" .. core.pid()
    for i = 1, 2 do
      w:run(function()
        local c = w:client { client_id = id, cache_key = tostring(i),
          store = file.new { dir = dir } }
        assert.equal('"/"', get(c, "/"))
      end)
    end
    process.capture("rm -r " .. dir)
    assert.is_true(w:token_requests() <= 2)
  end)

  local no_redis = redis.missing()
  it_where(not no_redis, no_redis,
    "is not held up by a Redis that answers or not",
    function()
      local server = redis.start()
      local ok, message = pcall(function()
        local store = assert(require("equinix").store.redis {
          port = server.port, timeout = 0.5, grace = 0.5 })
        local id, ticks, bodies = "loop-redis-" .. core.pid(), 0, {}
        local function client(key)
          return w:client { client_id = id, cache_key = key, store = store }
        end
        w:run(function()
          get(w:client(), "/token-slow")
          local stop = loop.ticker(0.01, function()
            ticks = ticks + 1
          end)
          -- Both go to Redis, since they have other keys; the first one's
          -- token takes a second.
          bodies[1] = get(client "a", "/1")
          server:signal "STOP"
          bodies[2] = get(client "b", "/slow")
          server:signal "CONT"
          stop()
        end)
        assert.same({ '"/1"', '"/slow"' }, bodies)
        assert.is_true(ticks >= 60, ticks .. " ticks in more than two seconds")
      end)
      server:signal "CONT"
      server:stop()
      assert(ok, message)
    end)
end
