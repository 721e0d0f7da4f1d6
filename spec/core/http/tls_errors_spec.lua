-- tls_errors: what a host finds in OpenSSL's error queue is its own.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local ANSWERS = [[
  local c = ...
  while c:request() do c:send(c.ok "hello") end
]]

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

-- The queue of this very thread, by a C module.
local function load_queue(dir)
  local said, code = process.capture(("cc -w -shared -fPIC $(tools/lua.sh %s "
    .. "cflags) -o %s/tls_queue.so spec/support/tls_queue.c -lcrypto 2>&1")
    :format(LUA, process.quote(dir)))
  assert(code == 0, said)
  return assert(package.loadlib(dir .. "/tls_queue.so", "luaopen_tls_queue"))()
end

describe("OpenSSL's error queue", function()
  local made, server, queue
  setup(function()
    made = certificates.make()
    server = rawserver.start(ANSWERS, made.good)
    queue = load_queue(made.dir)
  end)
  teardown(function()
    server:stop()
    certificates.remove(made)
  end)
  before_each(function()
    queue.take()
  end)

  local FAILURES = {
    ["a server that is not trusted"] = function()
      return {}
    end,
    ["a ca_file that is missing"] = function()
      return { ca_file = "/nowhere/ca.pem" }
    end,
    ["a ca_file that holds none"] = function()
      return { ca_file = "spec/core/core_spec.lua" }
    end,
    ["a key of another certificate"] = function()
      return { ca_file = made.ca_file, client_key = made.expired.key,
        client_cert = made.good.certificate }
    end,
  }

  for name, fields in pairs(FAILURES) do
    local function request()
      return Handle.request("GET", server.url, fields())
    end

    it("has nothing of " .. name, function()
      local handle = Handle.new()
      assert(not handle.http:send(request(), 10))
      assert.are.equal(0, queue.take())
      handle:close()
      assert.are.equal(0, queue.take())
    end)

    it("has nothing of " .. name .. ", in many calls", function()
      local handle = Handle.new()
      local results = handle.http:send_many({ request(), request() }, 2, 10)
      assert(results[1].err and results[2].err)
      assert.are.equal(0, queue.take())
      handle:close()
    end)

    it("has nothing of " .. name .. ", in an event loop", function()
      local engine = core.engine()
      assert(engine:start(core.prepare(request()), 10))
      local results = engine:wait(60)
      assert(results[1].err)
      assert.are.equal(0, queue.take())
      engine:close()
    end)
  end

  it("keeps the host's own errors where libcurl does not clear them",
    function()
      local handle = Handle.new()
      queue.push()
      assert(not handle:get(("http://127.0.0.1:%d"):format(
        Handle.closed_port())))
      assert.are.equal(1, queue.take())
      handle:close()
    end)
end)
