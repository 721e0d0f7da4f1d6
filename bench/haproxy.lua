-- haproxy: the gateway in HAProxy beside an empty Lua action and beside no Lua
-- at all; and what others notice while the token endpoint hangs.
--
--   lua bench/haproxy.lua [SECONDS]   compares, prints ratios; for so long
--                                     the token endpoint hangs, 20 by default
--
-- One HAProxy with four threads, 64 callers, an nginx behind it, all on this
-- machine. Bars:
--   lua.equinix: CPU of HAProxy a request at most 1.15x of an action of one
--     empty function, the median of rounds
--   a ping of HAProxy itself meanwhile: at most 50 ms, beside one of a HAProxy
--     whose token endpoint does not hang
local CALLERS, SLICE, ROUNDS = 64, 2000, 21
local CPU_BAR, PING_BAR = 1.15, 0.05

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = os.getenv "BUILD" or "build"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = BUILD .. "/" .. LUA .. "/?.so;" .. package.cpath

local core = require "equinix.core"
local cpu = require "bench.cpu"
local haproxy = require "spec.support.haproxy"
local rawserver = require "spec.support.rawserver"
local side = require "bench.side"

local missed = false

local function judge(what, value, bar, fine)
  missed = missed or not fine
  print(("  %s: %s, the bar is %s: %s"):format(what, value, bar,
    fine and "met" or "MISSED"))
end

-- The first is what the others are held against.
local CONTENDERS = {
  { "empty", "an empty Lua action" },
  { "equinix", "lua.equinix" },
  { "map", "the map, no Lua" },
  { "none", "neither" },
}

-- Each request passes all conditions, so that they cost all the same.
local BACKEND = [[
  acl empty path /empty
  acl equinix path /equinix
  acl map path /map
  http-request lua.empty if empty
  http-request lua.equinix if equinix
  http-request set-var(txn.h) str(authorization),map(@dir@/equinix.map) if map
  http-request set-header Authorization %[var(txn.h)] if map
]]

local FILE = [[
  core.register_action("empty", { "http-req" }, function() end)
  local here = debug.getinfo(1, "S").source:match "@(.*)/"
  gateway.serve(demo(), { map = here .. "/equinix.map" })
]]

local function slice(h, http, path)
  local requests, before = {}, cpu.seconds { h.process.pid }
  local request = { method = "GET", url = h.url .. path, may_resend = true }
  for i = 1, SLICE do
    requests[i] = request
  end
  for _, result in ipairs(http:send_many(requests, CALLERS, 60)) do
    assert(result.response and result.response.status == 200, path)
  end
  return (cpu.seconds { h.process.pid } - before) / SLICE
end

local function compare_cpu(load, nginx)
  local h = haproxy.start { load = load, lua = FILE, backend = BACKEND,
    server = { url = nginx.http, port = nginx.http:match "%d+$" } }
  local http, spent, ratios = core.http(), {}, {}
  h:served "/equinix"
  for i in ipairs(CONTENDERS) do
    spent[i], ratios[i] = {}, {}
  end
  for round = 1, ROUNDS do
    for i in side.order(round, #CONTENDERS) do
      spent[i][round] = slice(h, http, "/" .. CONTENDERS[i][1])
    end
    for i in ipairs(CONTENDERS) do
      ratios[i][round] = spent[i][round] / spent[1][round]
    end
  end
  http:close()
  h:stop()
  print(("CPU of HAProxy a request, %s: %d rounds of %d requests"):format(load,
    ROUNDS, SLICE))
  for i, contender in ipairs(CONTENDERS) do
    print(("  %-20s %6.1f us %5.2fx"):format(contender[2],
      side.median(spent[i]) * 1e6, side.median(ratios[i])))
  end
  local ratio = side.median(ratios[2])
  judge("lua.equinix", ("%.2fx"):format(ratio), ("<= %.2fx"):format(CPU_BAR),
    ratio <= CPU_BAR)
end

local HANGS = [[
  local c = ...
  for request in function() return c:request() end do
    if request.path:find "token" then c:sleep(%g) end
    local text = '{"access_token":"t","token_timeout":3600,'
      .. '"token_type":"Bearer"}'
    c:send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      .. "Content-Length: " .. #text .. "\r\n\r\n" .. text)
  end
]]

-- Pings until that time, each beside requests that get 503 or 200.
-- -> the times, how many had a token at the end
local function ping(hosts, http, stop)
  local times = {}
  for i in ipairs(hosts) do
    times[i] = {}
  end
  while core.now() < stop do
    for i, h in ipairs(hosts) do
      http:send({ method = "GET", url = h.url .. "/x", may_resend = true }, 60)
      local start = core.now()
      assert(http:send({ method = "GET", url = h.url .. "/_ping",
        may_resend = true }, 60))
      table.insert(times[i], core.now() - start)
    end
    core.sleep(0.004)
  end
  for _, list in ipairs(times) do
    table.sort(list)
  end
  return times
end

local function compare_ping(load, seconds)
  local slow = rawserver.start(HANGS:format(seconds))
  local quick = rawserver.start(HANGS:format(0))
  local hosts = {}
  for i, server in ipairs { slow, quick } do
    hosts[i] = haproxy.start { load = load, server = server,
      lua = "gateway.serve(demo())" }
  end
  local http = core.http()
  local times = ping(hosts, http, core.now() + seconds - 1)
  print(("pings while the token endpoint hangs for %g s, %s"):format(seconds,
    load))
  for i, name in ipairs { "it hangs", "it does not" } do
    local list = times[i]
    print(("  %-12s %5d: median %.2f ms, p99 %.2f ms, max %.1f ms"):format(
      name, #list, list[math.ceil(#list / 2)] * 1000,
      list[math.ceil(#list * 0.99)] * 1000, list[#list] * 1000))
  end
  local after = hosts[1]:served "/x"
  local worst = times[1][#times[1]]
  judge("max", ("%.1f ms, then %d"):format(worst * 1000, after.status),
    ("<= %d ms"):format(PING_BAR * 1000), worst <= PING_BAR)
  local requests = 0
  for _, request in ipairs(slow:requests()) do
    requests = requests + (request.path:find "token" and 1 or 0)
    assert(request.path:find "token" or request.headers.authorization)
  end
  print(("  token requests: %d; none to the API without a token"):format(
    requests))
  http:close()
  for i, server in ipairs { slow, quick } do
    hosts[i]:stop()
    server:stop()
  end
end

local missing = haproxy.missing()
if missing then
  print("haproxy: skipped, " .. missing)
  return
end
for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  side.with_nginx(function(nginx)
    compare_cpu(load, nginx)
  end)
  compare_ping(load, tonumber(arg[1]) or 20)
end
os.exit(missed and 1 or 0)
