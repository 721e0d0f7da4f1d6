-- What the gateway writes to nginx's error log: at the start what can't work,
-- and few lines while there is no token, however many requests come.
local emulator = require "spec.support.emulator"
local load = require "spec.support.load"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("the gateway's log: " .. missing)
  return
end

local HTTP = [[
  init_by_lua_block {
    require "equinix"
    api = require "demo"
  }
  map "" $equinix_authorization { default ""; }
  init_worker_by_lua_block { require("equinix.nginx").start(api) }
]]
local SERVER = [[
  location / {
    rewrite_by_lua_block { require("equinix.nginx").authorize(api) }
    proxy_set_header Authorization $equinix_authorization;
    proxy_pass http://127.0.0.1:%d;
  }
]]
local WORKERS = 4

local function count(text, piece)
  return select(2, text:gsub(piece:gsub("%p", "%%%0"), ""))
end

describe("the gateway's log", function()
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
    options.http, options.server = HTTP, SERVER:format(e.port)
    local n = nginx.start(options)
    finally(function()
      n:stop()
    end)
    return n
  end

  it("has a few lines when thousands of requests find no token", function()
    e:config { status = 503, retry_after = 3600 }
    local n = start {
      workers = WORKERS,
      files = { ["demo.lua"] = nginx.client(e, "cache_key = 'none'") },
    }
    local seen = load.drive { url = n.url, path = "/fabric/v4/ports",
      count = 6000, at_once = 300 }
    assert.are.same({ ["503"] = 6000 }, seen.statuses)
    local log = n:error_log()
    local lines = count(log, "equinix gateway: no token: ")
    -- The kernel chooses which workers answer.
    assert.is_true(lines >= 1 and lines <= WORKERS, lines)
    assert.are.equal(WORKERS, count(log, "no token at the start: "))
    assert.is_true(#log <= 20000, #log)
  end)

  it("says when there is a token again, and how many were refused", function()
    e:config { status = 503, retry_after = 1 }
    local n = start {
      files = { ["demo.lua"] = nginx.client(e, "cache_key = 'again'") },
    }
    for _ = 1, 5 do
      assert.are.equal(503, (n:get "/fabric/v4/ports"))
    end
    e:config { status = 0 }
    assert(process.eventually(function()
      return n:get "/fabric/v4/ports" == 200
    end))
    local log = n:error_log()
    assert.are.equal(1, count(log, "equinix gateway: no token: "))
    local refused = log:match "there is a token again; (%d+) requests"
    assert.is_true(tonumber(refused) >= 5, log)
  end)

  it("has nothing in it when all is well, and the token is there", function()
    local n = start {
      workers = WORKERS,
      files = { ["demo.lua"] = nginx.client(e, "cache_key = 'well'") },
    }
    assert(process.eventually(function()
      return e:count "POST /oauth2/v1/token" == 1
    end))
    n:ok "/fabric/v4/ports"
    assert.are.equal(1, e:count "POST /oauth2/v1/token")
    assert.is_nil(n:error_log():find "equinix")
  end)
end)

-- Whether another user can read this checkout at all.
local function readable()
  return process.capture "id -u" == "0" and select(2, process.capture(
    "setpriv --reuid=65534 --regid=65534 --clear-groups "
    .. "test -r lua/equinix/nginx.lua")) == 0
end

describe("a secret that nginx's workers can't read", function()
  if not readable() then
    pending("only root can start workers of another user, in a checkout "
      .. "that this user can read")
    return
  end
  local dir

  before_each(function()
    dir = process.tempdir()
    os.execute("chmod 711 " .. dir .. "; umask 077; echo 'a good secret "
      .. "of some length' >" .. dir .. "/secret")
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function start()
    local n = nginx.start {
      user = "nobody " .. process.capture "id -gn nobody",
      workers = 2,
      http = HTTP,
      files = { ["demo.lua"] = ([[return assert(require("equinix").new {
        client_id = "id", client_secret_file = %q,
        base_url = "http://127.0.0.1:1" })]]):format(dir .. "/secret") },
    }
    finally(function()
      n:stop()
    end)
    return n
  end

  it("is in the error log when nginx starts, before any request", function()
    local n = start()
    assert(process.eventually(function()
      return count(n:error_log(), "[emerg]") == 2
    end), n:error_log())
    for _, piece in ipairs { dir .. "/secret: permission denied",
      "`user` of nginx.conf" } do
      assert.are.equal(2, count(n:error_log(), piece), n:error_log())
    end
  end)

  it("is not, once they can read it", function()
    os.execute("chmod 644 " .. dir .. "/secret")
    local n = start()
    assert(process.eventually(function()
      return count(n:error_log(), "no token at the start: ") == 2
    end), n:error_log())
    assert.are.equal(0, count(n:error_log(), "[emerg]"))
  end)
end)
