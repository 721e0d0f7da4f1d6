-- local_fault: a place that can't send keeps that to itself, on real parts:
-- files that are missing, nginx's threads and their queue.
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local file = require "equinix.base.file"
local local_fault = require "equinix.oauth.local_fault"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local TOKEN = "POST /oauth2/v1/token"

-- Another process that shares nothing with this one but the store.
local function elsewhere(e, dir, ca_file)
  local code = ([[
    package.path, package.cpath = %q, %q
    local equinix = require "equinix"
    local client = assert(equinix.new {
      base_url = %q, client_id = %q, client_secret = %q, ca_file = %q,
      store = require("equinix.store.file").new { dir = %q },
    })
    local token, err = client:token()
    print(token and "token" or err.kind .. " " .. tostring(err))
  ]]):format(package.path, package.cpath, e.base_url, e.client_id,
    e.client_secret, ca_file, dir)
  return (process.capture(process.interpreter() .. " -e "
    .. process.quote(code) .. " 2>&1"))
end

describe("a fault of this place only", function()
  local function is(kind, code, maybe_sent)
    return local_fault.is { kind = kind, code = code,
      maybe_sent = maybe_sent }
  end

  it("is configuration, memory, a queue, or what the system refuses it",
    function()
      assert.is_true(is("config", "no_thread_pool", false))
      assert.is_true(is("config", "CURLE_SSL_CERTPROBLEM", nil))
      assert.is_true(is("memory", "ENOMEM", false))
      assert.is_true(is("timeout", "queue", false))
      assert.is_true(is("timeout", "queue", true))
      assert.is_true(is("network", "EMFILE", false))
      assert.is_true(is("network", "EPERM", false))
    end)

  it("is nothing that the other side or the network said", function()
    assert.is_false(is("network", "ECONNREFUSED", false))
    assert.is_false(is("timeout", "CURLE_OPERATION_TIMEDOUT", false))
    assert.is_false(is("tls", "CURLE_PEER_FAILED_VERIFICATION", false))
    assert.is_false(is("auth", "latched", nil))
    assert.is_false(is("http", "EQ-1", nil))
  end)

  it("is nothing after which the request may have left", function()
    assert.is_false(is("config", "EIO", true))
    assert.is_false(is("network", "ENOBUFS", true))
    assert.is_false(is("network", "EACCES", nil))
  end)
end)

describe("a call that could not be sent for want of a file", function()
  local e, dir, ca_file

  setup(function()
    e = emulator.start()
  end)
  before_each(function()
    e:reset()
    dir = process.tempdir()
    ca_file = dir .. "/ca.pem"
  end)
  after_each(function()
    process.remove(dir)
  end)
  teardown(function()
    e:stop()
  end)

  local function provide()
    assert(file.write(ca_file, assert(file.read(e.ca_file))))
  end

  local function client(more)
    local options = { base_url = e.base_url, client_id = e.client_id,
      client_secret = e.client_secret, ca_file = ca_file }
    for name, value in pairs(more or {}) do
      options[name] = value
    end
    return assert(equinix.new(options))
  end

  it("holds none back once the file is there", function()
    provide()
    local one, two = client(), client()
    os.remove(ca_file)
    for _ = 1, 3 do
      local _, err = one:token()
      assert.equal("config", err.kind)
      assert.is_nil(err.retry_after)
      assert.is_falsy(tostring(err):find "not sent again")
    end
    assert.same({ token_requests = 0, tokens = 0, failures = 0,
      rejections = 0 }, one:stats())
    provide()
    assert(two:token())
    assert(one:token())
    assert.equal(1, e:count(TOKEN))
  end)

  it("leaves nothing of it in the store, for other processes", function()
    provide()
    local store = require("equinix.store.file").new { dir = dir .. "/store" }
    local one = client { store = store }
    os.remove(ca_file)
    local _, err = one:token()
    assert.equal("config", err.kind)
    provide()
    assert.equal("token", elsewhere(e, dir .. "/store", ca_file))
    assert(one:token())
    assert.equal(1, e:count(TOKEN))
  end)
end)

describe("a process without a free file descriptor", function()
  -- As in a chroot without /dev.
  it("is none that lacks the file by which that is found out", function()
    local code = ([[
      package.path, package.cpath = %q, %q
      local found = require("equinix.oauth.local_fault").explained {
        kind = "network", code = "ECONNREFUSED", maybe_sent = false }
      print(found.code)
    ]]):format(package.path, package.cpath)
    local script = "mount -t tmpfs none /dev && exec "
      .. process.interpreter() .. " -e " .. process.quote(code)
    local found = process.capture("unshare --map-root-user --mount sh -c "
      .. process.quote(script) .. " 2>&1")
    if found:find "^unshare" or found:find "mount" then
      pending "unshare is not allowed here"
      return
    end
    assert.equal("ECONNREFUSED", found)
  end)

  it("says so, and holds none back once there is one", function()
    local e = emulator.start { plain = true }
    finally(function()
      e:stop()
    end)
    local code = ([[
      package.path, package.cpath = %q, %q
      local options = { base_url = "http://127.0.0.1:1", client_id = %q,
        client_secret = %q, retry = false }
      -- Everything is loaded then, and no connection is left.
      assert(not require("equinix").new(options):token())
      options.base_url = %q
      local c = assert(require("equinix").new(options))
      local held, last = {}, nil
      repeat
        last = io.open "/dev/null"
        held[#held + 1] = last
      until not last
      local _, err = c:token()
      for _, one in ipairs(held) do
        one:close()
      end
      print(err.code, err.message, err.retry_after,
        c:stats().token_requests, c:token() and "good")
    ]]):format(package.path, package.cpath, e.client_id, e.client_secret,
      e.base_url)
    local said = process.capture("ulimit -n 64; " .. process.interpreter()
      .. " -e " .. process.quote(code) .. " 2>&1")
    assert.matches("^EMFILE\t.*%(ulimit %-n%)\tnil\t0\tgood$", said)
    assert.equal(1, e:count(TOKEN))
  end)
end)

local missing = nginx.missing()
if missing then
  pending("a place in nginx that can't send: " .. missing)
  return
end

describe("a place in nginx that can't send", function()
  local e

  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function start(options)
    options.files = options.files or {}
    options.files["demo.lua"] = nginx.client(e, options.client)
    options.files["threads.lua"] = nginx.THREADS
    local n = nginx.start(options)
    finally(function()
      n:stop()
    end)
    return n
  end

  it("without its thread pool, holds no other place back", function()
    local n = start {}
    local codes, failures, requests, good = n:run [[
      local back = require("threads").other_pool()
      local codes = {}
      for i = 1, 8 do
        codes[i] = ngx.thread.spawn(function()
          local _, err = demo:token()
          return err.code .. (err.retry_after and " later" or "")
        end)
      end
      for i = 1, 8 do
        codes[i] = select(2, ngx.thread.wait(codes[i]))
      end
      local stats = demo:stats()
      back()
      return table.concat(codes, " "), stats.failures, stats.token_requests,
        demo:token() and true
    ]]
    assert.equal(("no_thread_pool "):rep(8), codes .. " ")
    assert.equal(0, failures)
    assert.equal(0, requests)
    assert.is_true(good)
    assert.equal(1, e:count(TOKEN))
  end)

  it("tells nothing of it to other processes by a store", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local n = start { main = "", client = ([[
      store = require("equinix.store.file").new { dir = %q },
    ]]):format(dir .. "/store") }
    assert.equal("no_thread_pool", n:run [[
      return select(2, demo:token()).code
    ]])
    local c = assert(equinix.new { base_url = e.base_url,
      client_id = e.client_id, client_secret = e.client_secret,
      store = require("equinix.store.file").new { dir = dir .. "/store" } })
    assert(c:token())
    assert.is_true(n:run "return demo:token() and true")
    assert.equal(1, e:count(TOKEN))
  end)

  it("with all threads busy, ends no flight but its own", function()
    local n = start { client = "timeout = 0.4,",
      main = "thread_pool equinix threads=1;" }
    local code, good = n:run [[
      local busy = ngx.thread.spawn(function()
        return ngx.run_worker_thread("equinix", "threads", "wait", 0.8)
      end)
      local _, err = demo:token()
      ngx.thread.wait(busy)
      return err and err.code, demo:token() and true
    ]]
    assert(code == "queue" or code == "token_wait", code)
    assert.is_true(good)
    assert.equal(1, e:count(TOKEN))
  end)

  -- A real overflow of the queue ends the worker (ngx_lua 0.10.23).
  it("with a full queue, ends no flight but its own", function()
    local code, good = start {}:run [[
      local back = require("threads").replace(function()
        return false, "ngx_thread_task_post failed"
      end)
      local _, err = demo:token()
      back()
      return err.code, demo:token() and true
    ]]
    assert.equal("pool_full", code)
    assert.is_true(good)
    assert.equal(1, e:count(TOKEN))
  end)

  it("with threads that can't load it, holds no other place back", function()
    local n = start { http = "", main = "thread_pool equinix threads=2;" }
    local code, good = n:run [[
      local back = require("threads").replace(function(run, pool, _, ...)
        return run(pool, "a_module_that_is_missing", ...)
      end)
      local _, err = demo:token()
      back()
      return err.code, demo:token() and true
    ]]
    assert.equal("no_module", code)
    assert.is_true(good)
    assert.equal(1, e:count(TOKEN))
  end)

  it("goes on with the token that there is, and asks seldom", function()
    e:config { lifetime = 10 }
    local n = start {}
    local events, same = n:run(([[
      local failed = 0
      local c = require("equinix").new {
        client_id = %q, client_secret = %q, base_url = %q,
        on_event = function(name)
          failed = failed + (name == "token_failed" and 1 or 0)
        end,
      }
      local first = c:token().access_token
      ngx.sleep(8.5) -- its last fifth has begun
      require("threads").other_pool()
      local same = true
      for _ = 1, 100 do
        same = same and c:token().access_token == first
      end
      ngx.sleep(0.1)
      return failed, same
    ]]):format(e.client_id, e.client_secret, e.base_url))
    assert.equal(1, events)
    assert.is_true(same)
  end)
end)
