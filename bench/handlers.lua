-- handlers: calls of nginx's handlers, beside lua-resty-http with a header
-- that is always the same, and many of them with a slow API.
--
--   RESTY_HTTP=folder lua bench/handlers.lua    that folder has resty/http.lua
--
-- One nginx worker, all on this machine. Bars:
--   64 callers, upstream 0 ms and 20 ms: CPU of nginx a call <= 0.9x of
--     resty-http, requests a second >= 1.0x
--   1,000 callers, upstream 1 s: >= 0.95x of callers / latency
--   memory of the worker for a call in flight there: <= 30 kB
--   a probe of something else meanwhile: p99 at most 1 ms beyond idle
local CALLERS, SECONDS, ROUNDS = 64, 2, 9
local MANY, MANY_SECONDS = 1000, 8
local CPU_BAR, RATE_BAR, MANY_BAR = 0.9, 1.0, 0.95
local MEMORY_BAR, PROBE_BAR = 30, 0.001

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = os.getenv "BUILD" or "build"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = BUILD .. "/" .. LUA .. "/?.so;" .. package.cpath

local cpu = require "bench.cpu"
local hosts = require "bench.nginx_hosts"
local process = require "spec.support.process"

local missed = false

local function judge(what, value, bar, fine)
  missed = missed or not fine
  print(("  %s: %s, the bar is %s: %s"):format(what, value, bar,
    fine and "met" or "MISSED"))
end

local function median(values)
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

-- Requests a second with that many callers, by wrk.
local function load(url, callers, seconds)
  local said = process.capture(("wrk -t1 -c%d -d%ds --timeout 30s %s 2>&1")
    :format(callers, seconds, process.quote(url)))
  local rate = tonumber(said:match "Requests/sec:%s*([%d.]+)")
  local count = tonumber(said:match "(%d+) requests in")
  if not rate or said:find "Non%-2xx" or said:find "Socket errors" then
    error(url .. ": " .. said, 0)
  end
  return rate, count
end

-- -> requests a second, CPU microseconds of nginx for each
local function measure(front, path)
  local before = cpu.seconds(front:worker_pids())
  local rate, count = load(front.url .. path, CALLERS, SECONDS)
  return rate, (cpu.seconds(front:worker_pids()) - before) / count * 1e6
end

local function beside_resty(front, latency)
  print(("handler, upstream %s ms, %d callers: %d rounds of %d s"):format(
    latency, CALLERS, ROUNDS, SECONDS))
  local rates, costs, all = {}, {}, { {}, {}, {}, {} }
  for round = 1, ROUNDS do
    local rate, cost = measure(front, "/handler/" .. latency)
    local theirs, their_cost = measure(front, "/resty/" .. latency)
    rates[round], costs[round] = rate / theirs, cost / their_cost
    for i, value in ipairs { rate, cost, theirs, their_cost } do
      all[i][round] = value
    end
  end
  print(("  handler     %6.0f a second, CPU %5.1f us a call"):format(
    median(all[1]), median(all[2])))
  print(("  resty-http  %6.0f a second, CPU %5.1f us a call"):format(
    median(all[3]), median(all[4])))
  local is, costly = median(rates), median(costs)
  judge("CPU to resty-http", ("%.2fx"):format(costly),
    ("<= %.2fx"):format(CPU_BAR), costly <= CPU_BAR)
  judge("requests a second to resty-http", ("%.2fx"):format(is),
    (">= %.2fx"):format(RATE_BAR), is >= RATE_BAR)
end

-- Resident memory of the worker, in kB.
local function resident(front)
  local status = assert(io.open(("/proc/%d/status"):format(
    front:worker_pids()[1])))
  local kb = status:read("*a"):match "VmRSS:%s*(%d+)"
  status:close()
  return tonumber(kb)
end

local function start_probe(front, seconds)
  return process.start { "sh", "-c", ("exec %s bench/nginx.lua probe "
    .. "%s/probe %g"):format(process.interpreter(), front.url, seconds) }
end

local function end_probe(prober)
  assert(prober:wait(120) == 0, "the prober failed")
  local worst = tonumber(prober:stdout():match "^%S+ (%S+)")
  prober:stop()
  return worst
end

local function many(front, path)
  local idle = end_probe(start_probe(front, 3))
  load(front.url .. path, 10, 2) -- to warm up
  local before, most = resident(front), 0
  local loader = process.start { "wrk", "-t1", "-c" .. MANY,
    "-d" .. MANY_SECONDS .. "s", "--timeout", "30s", front.url .. path }
  local prober = start_probe(front, MANY_SECONDS - 1)
  for _ = 1, MANY_SECONDS * 5 do
    require("equinix.core").sleep(0.2)
    most = math.max(most, resident(front))
  end
  local busy = end_probe(prober)
  assert(loader:wait(60) == 0)
  local said = loader:stdout()
  loader:stop()
  assert(not said:find "Non%-2xx" and not said:find "Socket errors", said)
  -- The first answers come after a second, so one round less than seconds.
  local count = tonumber(said:match "(%d+) requests in")
  return count / (MANY_SECONDS - 1), (most - before) / MANY, busy - idle, busy
end

local function compare_many(front)
  print(("handler, upstream 1 s, %d callers, %d s"):format(MANY,
    MANY_SECONDS))
  for _, name in ipairs(hosts.RESTY and { "resty", "handler" }
    or { "handler" }) do
    local rate, memory, more, worst = many(front, "/" .. name .. "/1000")
    print(("  %-8s %5.0f a second, %4.1f kB a call, probe p99 %.2f ms")
      :format(name, rate, memory, worst * 1000))
    if name == "handler" then
      judge("requests to callers / latency", ("%.2fx"):format(rate / MANY),
        (">= %.2fx"):format(MANY_BAR), rate >= MANY * MANY_BAR)
      judge("memory for a call", ("%.1f kB"):format(memory),
        ("<= %d kB"):format(MEMORY_BAR), memory <= MEMORY_BAR)
      judge("probe meanwhile, p99", ("+%.2f ms"):format(more * 1000),
        ("<= +%.2f ms"):format(PROBE_BAR * 1000), more <= PROBE_BAR)
    end
  end
end

local missing = require("spec.support.nginx").missing()
if not missing and select(2, process.capture "command -v wrk") ~= 0 then
  missing = "wrk is not here (apt install wrk)"
end
if missing then
  print("handlers: skipped, " .. missing)
  return
end
hosts.with(function(front)
  if hosts.RESTY then
    beside_resty(front, "0")
    beside_resty(front, "20")
  else
    print "handlers: RESTY_HTTP names no folder with lua-resty-http"
  end
  compare_many(front)
end)
os.exit(missed and 1 or 0)
