-- nginx exchange: exchanges inside a real nginx, with a real Redis.
local certificates = require "spec.support.certificates"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

local missing = nginx.missing() or redis.missing()
if missing then
  pending("exchanges inside nginx: " .. missing)
  return
end

-- wire.send(port, fields, seconds)
local WIRE = [[
  local core = require "equinix.core"
  local resp = require "spec.support.resp"
  local transport = require "equinix.transport.nginx"
  local M = { resp = resp, core = core, transport = transport }
  function M.send(port, fields, seconds)
    return transport.send(core.exchange(resp.options(port, fields)),
      seconds or 30)
  end
  return M
]]

describe("an exchange inside nginx", function()
  local made, server, tls_port, n

  setup(function()
    made = certificates.make()
    tls_port = redis.free_port()
    server = redis.start { "--tls-port", tls_port, "--tls-cert-file",
      made.good.certificate, "--tls-key-file", made.good.key,
      "--tls-ca-cert-file", made.ca_file, "--tls-auth-clients", "no" }
    n = nginx.start { files = { ["wire.lua"] = WIRE },
      http = "init_worker_by_lua_block { require 'wire' }" }
  end)
  teardown(function()
    n:stop()
    server:stop()
    certificates.remove(made)
  end)

  local function run(code, ...)
    return n:run(("local wire = require 'wire' local resp = wire.resp "
      .. code):format(...))
  end

  it("keeps its connection, over TLS, too", function()
    assert.equal("false true true", run([[
      local kept = {}
      for i = 1, 3 do
        kept[i] = tostring(assert(wire.send(%d)).kept)
      end
      return table.concat(kept, " ")
    ]], server.port))
    assert.equal("false true true", run([[
      local kept = {}
      for i = 1, 3 do
        kept[i] = tostring(assert(wire.send(%d, { tls = true,
          ca_file = %q })).kept)
      end
      return table.concat(kept, " ")
    ]], tls_port, made.ca_file))
  end)

  it("has its own reply, of many at once", function()
    assert.equal(200, run([[
      local threads, right = {}, 0
      for i = 1, 200 do
        threads[i] = ngx.thread.spawn(function()
          local response = assert(wire.send(%d, { send = resp.command("ECHO",
            ("%%05d"):format(i)) }))
          right = right + (response.body == ("$5\r\n%%05d\r\n"):format(i)
            and 1 or 0)
        end)
      end
      for _, thread in ipairs(threads) do
        assert(ngx.thread.wait(thread))
      end
      return right
    ]], server.port))
  end)

  it("holds up no other request, and ends at its deadline", function()
    local slow = rawserver.start(resp.SERVER .. [[
      while command() do
        c:log { method = "asked", path = "", body = "", headers = {} }
        c:hangup()
        c:log { method = "closed", path = "", body = "", headers = {} }
      end
    ]])
    assert.equal("timeout true true", run([[
      local ticks, over = 0, false
      local thread = ngx.thread.spawn(function()
        while not over do
          ngx.sleep(0.01)
          ticks = ticks + 1
        end
      end)
      local _, err = wire.send(%d, {}, 1)
      over = true
      ngx.thread.wait(thread)
      return err.kind .. " " .. tostring(err.maybe_sent) .. " "
        .. tostring(ticks > 10)
    ]], slow.port))
    assert(process.eventually(function()
      local list = resp.commands(slow)
      return list[#list] == "closed"
    end, 30))
    slow:stop()
  end)

  it("says what is wrong, as in plain Lua", function()
    assert.equal("no_connection refused unresolved CURLE_PEER_FAILED_"
      .. "VERIFICATION", run([[
      local options = resp.options(%d, { identity = "none" })
      options.login = nil
      local codes = {}
      for i, exchange in ipairs { options, resp.options(1),
        resp.options(1, { host = "store.invalid" }),
        resp.options(%d, { tls = true }) } do
        local _, err = wire.transport.send(wire.core.exchange(exchange), 30)
        codes[i] = err.code
      end
      return table.concat(codes, " ")
    ]], server.port, tls_port))
  end)

  it("is refused where nothing can wait", function()
    assert.equal("config cannot_wait", run([[
      -- As in a phase without waits.
      local waits = wire.transport.can_wait
      wire.transport.can_wait = function() return false end
      local _, err = wire.send(%d)
      wire.transport.can_wait = waits
      return err.kind .. " " .. err.code
    ]], server.port))
  end)

  it("leaves nothing in the error log", function()
    assert.equal("", n:error_log())
  end)
end)
