-- Several nginx workers behind one token: cold, failing, expiring, revoked,
-- reloaded, killed. What is counted is what came in at the emulator.
local emulator = require "spec.support.emulator"
local load = require "spec.support.load"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("nginx workers on one token: " .. missing)
  return
end

local TOKEN = "POST /oauth2/v1/token"
local WORKERS = 4

local HANDLERS = [[
  location = /authorization {
    content_by_lua_block { require("handlers").authorization() }
  }
  location = /get { content_by_lua_block { require("handlers").get() } }
  location = /post { content_by_lua_block { require("handlers").post() } }
]]
local HANDLERS_MODULE = [[
  local M = {}
  local function say(value, err)
    ngx.shared.seen:incr("worker " .. ngx.worker.pid(), 1, 0)
    if not value then
      ngx.status = 500
      ngx.log(ngx.ERR, tostring(err))
    end
    ngx.print(value and "good" or tostring(err))
  end
  function M.authorization()
    ngx.shared.seen:set("last", ngx.worker.pid())
    say(require("demo"):authorization())
  end
  function M.get()
    say(require("demo"):get("/fabric/v4/ports"))
  end
  function M.post()
    ngx.req.read_body()
    say(require("demo"):post("/colocations/v2/orders/shipments", {
      body = ngx.req.get_body_data(),
      headers = { ["Content-Type"] = "application/json" },
    }))
  end
  return M
]]

local SHIPMENT = '{"type":"INBOUND","cageId":"AM1:01:000111",'
  .. '"requestedDateTime":"2030-01-01T10:00:00Z",'
  .. '"details":{"carrier":"UPS","numberOfBoxes":2}}'

describe("nginx workers", function()
  local e

  setup(function()
    e = emulator.start { plain = true, workers = 2 }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  -- `more`: options of the client; `options`: see spec.support.nginx.
  local function start(more, options)
    options = options or {}
    options.workers = options.workers or WORKERS
    options.files = {
      ["demo.lua"] = options.client or nginx.client(e, more),
      ["handlers.lua"] = HANDLERS_MODULE,
    }
    options.http = "lua_shared_dict seen 1m;" .. (options.http
      or "init_by_lua_block { require 'equinix' }")
    options.server = HANDLERS
    local n = nginx.start(options)
    finally(function()
      n:stop()
    end)
    return n
  end

  -- How many workers answered something.
  local function used(n)
    return n:run [[
      local count = 0
      for _, key in ipairs(ngx.shared.seen:get_keys()) do
        count = count + (key:find "^worker" and 1 or 0)
      end
      return count
    ]]
  end

  local function drive(n, path, count, status, at_once)
    local seen = load.drive { url = n.url, path = path, count = count,
      at_once = at_once or 200 }
    assert.are.same({ statuses = { [tostring(status)] = count }, errors = {} },
      { statuses = seen.statuses, errors = seen.errors })
  end

  -- The same, until so many workers have answered: which one gets a connection
  -- is the kernel's business.
  local function drive_workers(n, least, ...)
    for _ = 1, 20 do
      drive(n, ...)
      if used(n) >= least then
        return
      end
    end
    error(used(n) .. " workers got all connections")
  end

  for _, workers in ipairs { 1, WORKERS } do
    it(("make one token request for 2,000 cold callers (%d of them)"):format(
      workers), function()
      local n = start(nil, { workers = workers })
      e:config { token_latency = 0.3 }
      drive_workers(n, math.min(workers, 2), "/authorization", 2000, 200)
      assert.are.equal(1, e:count(TOKEN))
    end)
  end

  it("make one where each caller makes a call, too", function()
    local n = start()
    e:config { token_latency = 0.3 }
    drive(n, "/get", 2000, 200)
    assert.are.equal(1, e:count(TOKEN))
    assert.are.equal(2000, e:count "GET /fabric/v4/ports")
  end)

  it("make one in an outage, and none while they are to hold back",
    function()
      local n = start()
      e:config { status = 503, retry_after = 60, token_latency = 0.3 }
      drive_workers(n, 2, "/authorization", 2000, 500)
      assert.are.equal(1, e:count(TOKEN))
    end)

  it("make one with a wrong secret, and then none", function()
    local n = start(nil, { client = nginx.client {
      client_id = e.client_id, client_secret = "not the secret at all",
      base_url = e.base_url,
    } })
    e:config { token_latency = 0.3 }
    drive(n, "/authorization", 2000, 500)
    assert.are.equal(1, e:count(TOKEN))
    drive(n, "/authorization", 200, 500)
    assert.are.equal(1, e:count(TOKEN))
  end)

  it("have a token each when the module was not loaded before the fork",
    function()
      local n = start(nil, { http = " " })
      -- The kernel chooses which worker gets a connection.
      assert(process.eventually(function()
        drive(n, "/get", 400, 200, 200)
        return used(n) > 1
      end))
      assert.are.equal(used(n), e:count(TOKEN))
    end)

  -- A token of 2 s is renewed 0.36 s before its end at the earliest.
  it("renew a token of 2 s under load: no call fails", function()
    local n = start()
    e:config { lifetime = 2, token_latency = 0.1 }
    local seen = load.drive { url = n.url, path = "/get", seconds = 6,
      at_once = 16 }
    assert.are.same({}, seen.errors)
    assert.are.same({ ["200"] = seen.done }, seen.statuses)
    local count = e:count(TOKEN)
    assert.is_true(count >= 3 and count <= 1 + seen.seconds / 1.5, count)
    assert.are.equal(seen.done, e:count "GET /fabric/v4/ports")
  end)

  it("renew a revoked token under load: no call fails", function()
    local n = start()
    n:run "require('spec.support.old_token')(demo)"
    local l = load.start { url = n.url, path = "/get", seconds = 3,
      at_once = 16 }
    assert(l:going())
    e:config { revoke_all = true, token_latency = 0.1 }
    local seen = l:finish()
    assert.are.same({}, seen.errors)
    assert.are.same({ ["200"] = seen.done }, seen.statuses)
    assert.are.equal(2, e:count(TOKEN))
  end)

  it("send no POST twice while the token is revoked", function()
    local n = start()
    n:run "require('spec.support.old_token')(demo)"
    local l = load.start { url = n.url, path = "/post", count = 400,
      at_once = 8, method = "POST", body = SHIPMENT }
    assert(l:going())
    e:config { revoke_all = true, token_latency = 0.1 }
    local seen = l:finish()
    assert.are.same({ ["200"] = 400 }, seen.statuses)
    local booked = 0
    for _, entry in ipairs(e:log().requests) do
      if entry.method == "POST" and entry.status == 202 then
        booked = booked + 1
      end
    end
    assert.are.equal(400, booked)
    assert.are.equal(2, e:count(TOKEN))
  end)

  it("keep the token over reloads under load: no call fails", function()
    local n = start()
    local l = load.start { url = n.url, path = "/get", seconds = 4,
      at_once = 16 }
    assert(l:going())
    for _ = 1, 3 do
      assert.is_true(n:reload())
    end
    local seen = l:finish()
    assert.are.same({}, seen.errors)
    assert.are.same({ ["200"] = seen.done }, seen.statuses)
    assert.are.equal(1, e:count(TOKEN))
    assert.is_nil(n:error_log():find "signal 11")
  end)

  it("finish a token request that is under way at a reload", function()
    local n = start()
    e:config { token_latency = 1 }
    local l = load.start { url = n.url, path = "/authorization", count = 20,
      at_once = 20 }
    assert(process.eventually(function()
      return e:count(TOKEN) == 1
    end))
    assert.is_true(n:reload())
    assert.are.same({ ["200"] = 20 }, l:finish().statuses)
    drive(n, "/authorization", 20, 200, 20)
    assert.are.equal(1, e:count(TOKEN))
  end)

  -- Asks in a connection that hangs up once the token request is out.
  local function leader(n)
    local socket = assert(require("socket").connect("127.0.0.1", n.port))
    assert(socket:send "GET /authorization HTTP/1.1\r\nHost: x\r\n\r\n")
    assert(process.eventually(function()
      return e:count(TOKEN) == 1
    end))
    return socket, n:run [[ return ngx.shared.seen:get "last" ]]
  end

  it("get the token that a caller asked for who hung up", function()
    local n = start(nil, { main = "thread_pool equinix threads=8;",
      http = "lua_check_client_abort on;"
        .. "init_by_lua_block { require 'equinix' }" })
    e:config { token_latency = 1 }
    leader(n):close()
    drive(n, "/authorization", 40, 200, 40)
    assert.are.equal(1, e:count(TOKEN))
  end)

  -- The lease would last 15 s, each of the callers has 10.
  it("go on at once when the one that led is killed", function()
    local n = start "timeout = 10"
    e:config { token_latency = 5 }
    local socket, pid = leader(n)
    e:config { token_latency = 0 }
    n:signal("KILL", pid)
    drive(n, "/authorization", 40, 200, 40)
    socket:close()
    assert.are.equal(2, e:count(TOKEN))
    -- And its successor has the token in common with them.
    assert(process.eventually(function()
      drive(n, "/authorization", 40, 200, 40)
      return used(n) == WORKERS -- the dead one has answered none
    end))
    assert.are.equal(2, e:count(TOKEN))
  end)
end)
