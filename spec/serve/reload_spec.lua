-- serve: what a worker that a reload ended still does for its last callers.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local serve = require "spec.support.serve"
local socket = require "socket"

local missing = serve.missing()
if missing then
  pending("the service and a reload: " .. missing)
  return
end

local TOKEN = "/oauth2/v1/token"
local LATENCY = 4 -- seconds of the token request, so that it outlives a reload
local COUNTED = 'equinix_requests_total{face="rest",path="' .. TOKEN
  .. '",status="200"}'

describe("a worker that a reload ends", function()
  local e
  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  it("counts the requests that it still answers", function()
    local s = serve.start(e, { "--workers", "1", "--no-store" })
    finally(function()
      s:stop()
    end)
    e:config { token_latency = LATENCY }
    local old = s:workers()[1]
    local c = assert(socket.connect("127.0.0.1", s.rest_port))
    c:settimeout(60)
    c:send("POST " .. TOKEN .. " HTTP/1.1\r\nHost: localhost\r\n"
      .. "Connection: close\r\n\r\n")
    assert.is_true(process.eventually(function()
      return e:count("POST " .. TOKEN) == 1
    end, 30))
    s.program:signal "HUP"
    assert.matches("^HTTP/1.1 200 ", (c:receive "*l"))
    c:close()
    assert.is_true(process.eventually(function()
      return not process.alive(old)
    end, 60))
    assert.is_true(process.eventually(function()
      return s:metric(COUNTED) == 1
    end, 30))
  end)
end)
