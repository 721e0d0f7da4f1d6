-- driver: calls under way, in the queue and failing, in a real nginx.
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("calls in nginx's threads: " .. missing)
  return
end

-- An upstream in the same nginx that counts the requests it has at once.
local SLOW = [[
  location = /slow {
    content_by_lua_block {
      local dict = ngx.shared.seen
      local now = dict:incr("now", 1, 0)
      dict:incr("all", 1, 0)
      dict:set("most", math.max(dict:get "most" or 0, now))
      ngx.sleep(tonumber(ngx.var.arg_seconds or 0.05))
      dict:incr("now", -1)
      ngx.print "done"
    }
  }
  # n calls at once; how many succeeded, and the last error.
  location = /calls {
    lua_check_client_abort on;
    content_by_lua_block { ngx.print(require("calls").run(
      tonumber(ngx.var.arg_n), tonumber(ngx.var.arg_within or 30),
      tonumber(ngx.var.arg_seconds or 0.05))) }
  }
]]
local FILES = {
  ["busy.lua"] = [[
    return { wait = function(n) require("equinix.core").sleep(n) end }
  ]],
  ["threads.lua"] = nginx.THREADS,
  ["calls.lua"] = [[
    local port = require "equinix.transport.nginx"
    local M = {}
    local function one(within, seconds)
      return port.send({ method = "GET", url = ("%s/slow?seconds=%g")
        :format(M.url, seconds), may_resend = true }, within)
    end
    -- The most callers that went on between two stays in a thread, when all
    -- responses had come before the first of them did.
    function M.most(n)
      local stay, counts, most = 1, {}, 0
      local restore = require("threads").replace(function(run, ...)
        local ok, driven
        for _ = 1, stay == 1 and 40 or 1 do
          ok, driven = run(...)
          ngx.sleep(0.01)
        end
        stay = stay + 1
        return ok, driven
      end)
      local threads, good = {}, 0
      for i = 1, n do
        threads[i] = ngx.thread.spawn(function()
          local response = one(30, 0.05)
          counts[stay] = (counts[stay] or 0) + 1
          most = math.max(most, counts[stay])
          good = good + (response and 1 or 0)
        end)
      end
      for i = 1, n do
        ngx.thread.wait(threads[i])
      end
      restore()
      return good .. " " .. most
    end
    function M.run(n, within, seconds)
      local threads, good, last = {}, 0, nil
      for i = 1, n do
        threads[i] = ngx.thread.spawn(one, within, seconds)
      end
      for i = 1, n do
        local _, response, err = ngx.thread.wait(threads[i])
        good = good + (response and 1 or 0)
        last = err or last
      end
      return good .. (last and " " .. last.kind .. " " .. last.message or "")
    end
    return M
  ]],
}

-- `limit` is that of the transport.
local function start(options, limit)
  options.files, options.server = FILES, SLOW
  options.http = "lua_shared_dict seen 1m;" .. (options.http or "")
  local n = nginx.start(options)
  finally(function()
    n:stop()
  end)
  n:run(([[
    require("equinix.transport.nginx").limit = %d
    require("calls").url = %q
  ]]):format(limit or 4096, n.url))
  return n
end

local function seen(n, name)
  return n:run(("return ngx.shared.seen:get %q"):format(name)) or 0
end

-- Sends a request and hangs up as soon as `times` requests are upstream.
local function hang_up(n, path, times)
  local socket = assert(require("socket").connect("127.0.0.1", n.port))
  assert(socket:send("GET " .. path .. " HTTP/1.1\r\nHost: x\r\n\r\n"))
  assert(process.eventually(function()
    return seen(n, "all") >= times
  end))
  socket:close()
end

describe("the driver of nginx's engine", function()
  it("has no more in flight than the limit; the rest queues", function()
    local n = start({}, 3)
    assert.are.equal("20", (n:ok "/calls?n=20"))
    assert.are.equal(3, seen(n, "most"))
  end)

  it("has hundreds under way with one thread and one VM", function()
    local n = start {
      main = "thread_pool equinix threads=1;",
      http = "lua_worker_thread_vm_pool_size 1;",
    }
    assert.are.equal("1", (n:ok "/calls?n=1")) -- connections aren't shared
    assert.are.equal("200", (n:ok "/calls?n=200&seconds=1"))
    assert.is_true(seen(n, "most") > 150, seen(n, "most"))
  end)

  it("drives again after reading results raised, for want of memory",
    function()
      local n = start {}
      assert.are.equal(2, n:run [[
        local engine, steps, driver = require("equinix.core").engine(), 0, nil
        local function step()
          steps = steps + 1
          driver.watched = steps == 1
          if steps == 1 then
            error("not enough memory", 0)
          end
        end
        driver = require("equinix.transport.nginx.driver").new(engine:id(),
          step, error)
        for wanted = 1, 2 do
          driver:watch()
          for _ = 1, 3000 do
            if steps == wanted and not driver.running then
              break
            end
            ngx.sleep(0.01)
          end
        end
        return steps
      ]])
    end)

  it("serves other requests while calls are under way", function()
    local n = start {}
    local good, turns = n:run [[
      local seen, turns, over = ngx.shared.seen, 0, false
      ngx.thread.spawn(function()
        while not over do
          ngx.sleep(0.001)
          turns = turns + 1
        end
      end)
      local good = require("calls").run(16, 30, 0.5)
      over = true
      return good, turns
    ]]
    assert.are.equal("16", good)
    assert.is_true(turns >= 50, turns)
  end)

  it("lets few callers go on before others have their turn", function()
    local n = start {}
    local good, most = n:run([[return require("calls").most(100)]])
      :match "^(%d+) (%d+)$"
    assert.are.equal("100", good)
    assert.is_true(tonumber(most) <= 32, most)
  end)

  it("waits for VMs that others use, with an error at the deadline",
    function()
      local n = start { http = "lua_worker_thread_vm_pool_size 1;" }
      local said, after = n:run [[
        local function hold(seconds)
          return ngx.thread.spawn(function()
            return ngx.run_worker_thread("equinix", "busy", "wait", seconds)
          end)
        end
        local calls = require "calls"
        local busy = hold(2)
        local said = calls.run(1, 0.7, 0)
        ngx.thread.wait(busy)
        busy = hold(0.3)
        local after = calls.run(3, 30, 0)
        ngx.thread.wait(busy)
        return said, after
      ]]
      assert.truthy(said:find "^0 config .*lua_worker_thread_vm_pool_size",
        said)
      assert.are.equal("3", after)
    end)

  it("ends a call in the queue at its deadline", function()
    local n = start({}, 1)
    local said = n:ok "/calls?n=3&within=0.4&seconds=0.25"
    assert.truthy(said:find "^1 timeout ", said)
    assert.are.equal("1", (n:ok "/calls?n=1"))
  end)

  it("ends no call because a client hung up", function()
    local n = start({}, 2)
    for i = 1, 6, 2 do
      hang_up(n, "/calls?n=2&seconds=0.3", i)
    end
    assert.are.equal("2", (n:ok "/calls?n=2&within=5"))
    assert.are.equal(8, seen(n, "all"))
    assert.is_nil(n:error_log():find "%[error%]", n:error_log())
  end)

  it("finishes a call before its worker quits", function()
    for _, signal in ipairs { "HUP", "QUIT" } do
      local n = start {}
      local socket = assert(require("socket").connect("127.0.0.1", n.port))
      assert(socket:send "GET /calls?n=1&seconds=1 HTTP/1.0\r\n\r\n")
      assert(process.eventually(function()
        return seen(n, "all") == 1
      end))
      n:signal(signal)
      assert.truthy((socket:receive "*a"):find "\r\n\r\n1$")
      socket:close()
      assert.is_nil(n:error_log():find "signal 11")
    end
  end)

  it("recovers from timers that nginx dropped", function()
    local n = start({ http = "lua_max_running_timers 1;" }, 1)
    assert.are.equal("3", (n:ok "/calls?n=3"))
    n:run [[ ngx.timer.at(0, function() ngx.sleep(1.5) end) ngx.sleep(0) ]]
    assert.are.equal("1", (n:ok "/calls?n=1"))
  end)

  it("says which directive is missing", function()
    local n = start { main = "" }
    assert.truthy((n:ok "/calls?n=2"):find
      "^0 config .*`thread_pool equinix threads=2;`")
  end)

  it("says when a thread can't find the modules", function()
    local n = start {}
    local kind, message = n:run [[
      local path = package.path
      for entry in path:gmatch "[^;]+" do
        local file = io.open((entry:gsub("%?", "resty/core")))
        if file then -- ngx_lua itself needs it
          file:close()
          package.path = entry
        end
      end
      local _, err = require("equinix.transport.nginx").send({
        method = "GET", url = "http://127.0.0.1:9" }, 5)
      package.path = path
      return err.kind, err.message
    ]]
    assert.are.equal("config", kind)
    assert.truthy(message:find "lua_package_path")
  end)

  it("says when nginx has no such threads", function()
    local n = start {}
    local kind, message = n:run [[
      local saved = ngx.run_worker_thread
      ngx.run_worker_thread = nil
      local _, err = require("equinix.transport.nginx").send({
        method = "GET", url = "http://127.0.0.1:9" }, 5)
      ngx.run_worker_thread = saved
      return err.kind, err.message
    ]]
    assert.are.equal("config", kind)
    assert.truthy(message:find "%-%-with%-threads.*this is %d+", message)
  end)

  it("uses another pool where one is set", function()
    local n = start { main = "thread_pool mine threads=2;" }
    n:run [[ require("equinix.transport.nginx.driver").pool = "mine" ]]
    assert.are.equal("2", (n:ok "/calls?n=2"))
  end)
end)
