-- nginx: the gateway beside what one would write by hand and beside a plain
-- proxy_pass; calls of handlers beside a blocking libcurl, while somebody
-- else asks for something else. With an upstream that answers at once, and
-- with one that takes 20 ms.
--
--   lua bench/nginx.lua                     compares, prints ratios
--   lua bench/nginx.lua probe URL SECONDS   "MEDIAN P99 COUNT", seconds
--
-- One nginx worker, 64 callers (wrk), all on this machine. Bars:
--   gateway: >= 0.97x of the one by hand, like to like: with and without an
--     eye on the API's 401; in requests per CPU second of nginx at 0 ms, in
--     requests a second at 20 ms
--   handler, 20 ms upstream: >= 0.9x of asking the upstream directly
--   a probe of something else meanwhile: its median, at most 1 ms beyond what
--   it is without load (it shares two cores with all the rest)
local CALLERS, SECONDS, SLICE, ROUNDS, STARTS = 64, 1, 1000, 21, 9
local GATEWAY_BAR, HANDLER_BAR, PROBE_BAR = 0.97, 0.9, 0.001

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = os.getenv "BUILD" or "build"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = BUILD .. "/" .. LUA .. "/?.so;" .. package.cpath

local core = require "equinix.core"
local cpu = require "bench.cpu"
local process = require "spec.support.process"

local function median(values)
  table.sort(values)
  local middle = math.floor(#values / 2) + 1
  return #values % 2 == 1 and values[middle]
    or (values[middle - 1] + values[middle]) / 2
end

-- The prober: one request after the other, a pause after each. ---------------

local PAUSE = 0.004

local function probe(url, seconds)
  local http, taken = core.http(), {}
  local stop = core.now() + seconds
  while core.now() < stop do
    local start = core.now()
    assert(http:send({ method = "GET", url = url, may_resend = true }, 60))
    taken[#taken + 1] = core.now() - start
    core.sleep(PAUSE)
  end
  local middle = median(taken)
  print(("%.6f %.6f %d"):format(middle,
    taken[math.ceil(#taken * 0.99)], #taken))
end

-- Load and what it costs. ----------------------------------------------------

-- Loads a path with wrk; requests a second.
local function load(url, seconds)
  local said = process.capture(("wrk -t1 -c%d -d%ds --timeout 30s %s 2>&1")
    :format(CALLERS, seconds, process.quote(url)))
  local rate = tonumber(said:match "Requests/sec:%s*([%d.]+)")
  if not rate or said:find "Non%-2xx" or said:find "Socket errors" then
    error(url .. ": " .. said, 0)
  end
  return rate
end

-- Requests per CPU second of nginx, over so few that what else the machine
-- does is the same before and after.
local function thrift(front, http, url)
  local requests, before = {}, cpu.seconds(front:worker_pids())
  local request = { method = "GET", url = url, may_resend = true }
  for i = 1, SLICE do
    requests[i] = request
  end
  for _, result in ipairs(http:send_many(requests, CALLERS, 60)) do
    assert(result.response and result.response.status == 200, url)
  end
  return SLICE / (cpu.seconds(front:worker_pids()) - before)
end

-- The same with a prober beside it: also its median and its 99th percentile.
local function probed(front, url, seconds)
  local prober = process.start({ "sh", "-c", ("exec %s bench/nginx.lua probe "
    .. "%s/probe %g"):format(process.interpreter(), front.url, seconds) })
  local rate
  if url then
    rate = load(url, seconds)
  end
  local code = prober:wait(120)
  local middle, worst = prober:stdout():match "^(%S+) (%S+)"
  prober:stop()
  assert(code == 0 and middle, "the prober failed")
  return tonumber(middle), tonumber(worst), rate
end

-- The comparisons. -----------------------------------------------------------

local missed = false

local function judge(what, value, bar, fine)
  missed = missed or not fine
  print(("  %s: %s, the bar is %s: %s"):format(what, value, bar,
    fine and "met" or "MISSED"))
end

-- All in turns, in every other round backwards; for each the ratios of its
-- rounds to the first one's.
local function rounds(runs, names, measure, count)
  for round = 1, count do
    for turn = 1, #names do
      local i = round % 2 == 1 and turn or #names + 1 - turn
      runs[i] = runs[i] or {}
      table.insert(runs[i], measure(i))
    end
  end
  return runs
end

local function ratio(runs, i, to)
  local ratios = {}
  for round = 1, #runs[i] do
    ratios[round] = runs[i][round] / runs[to][round]
  end
  return median(ratios)
end

local CONTENDERS = {
  { "by hand", "hand" }, { "authorize", "authorize" },
  { "by hand, 401 seen", "hand_log" }, { "authorize and log", "gateway" },
  { "plain proxy_pass", "plain" },
}

local function show_gateway(runs, unit)
  for i, contender in ipairs(CONTENDERS) do
    local all = {}
    for round, value in ipairs(runs[i]) do
      all[round] = value
    end
    print(("  %-18s %7.0f a %s %6.3fx"):format(contender[1], median(all),
      unit, ratio(runs, i, 1)))
  end
  for i = 2, 4, 2 do
    local is = ratio(runs, i, i - 1)
    judge(CONTENDERS[i][1] .. " to " .. CONTENDERS[i - 1][1],
      ("%.3fx"):format(is), (">= %.2fx"):format(GATEWAY_BAR),
      is >= GATEWAY_BAR)
  end
end

-- With 0 ms nginx's CPU is what limits. With 20 ms it idles, and what a
-- request then costs says more about the machine than about us.
local function url(front, i, latency)
  return ("%s/%s/%s"):format(front.url, CONTENDERS[i][2], latency)
end

-- By several nginx, one after the other: what LuaJIT makes of the same code
-- differs from one start to the next.
local function gateway_at_once()
  print(("gateway, upstream 0 ms, %d callers: %d starts, %d rounds of %d "
    .. "requests"):format(CALLERS, STARTS, ROUNDS, SLICE))
  local runs = {}
  for _ = 1, STARTS do
    require("bench.nginx_hosts").with(function(front)
      local http = core.http()
      for i = 1, #CONTENDERS do
        thrift(front, http, url(front, i, "0")) -- to warm up
      end
      rounds(runs, CONTENDERS, function(i)
        return thrift(front, http, url(front, i, "0"))
      end, ROUNDS)
      http:close()
    end)
  end
  show_gateway(runs, "CPU second")
end

local function gateway_far_away(front)
  print(("gateway, upstream 20 ms, %d callers: 9 rounds of %d s"):format(
    CALLERS, SECONDS))
  show_gateway(rounds({}, CONTENDERS, function(i)
    return load(url(front, i, "20"), SECONDS)
  end, 9), "second")
end

local function milliseconds(seconds)
  return ("%.2f ms"):format(seconds * 1000)
end

local function handler(front, upstream, latency, count)
  print(("handler, upstream %s ms, %d callers: %d rounds of %d s"):format(
    latency, CALLERS, count, SECONDS))
  local direct, threads, idle, busy, worst = {}, {}, {}, {}, {}
  for round = 1, count do
    direct[round] = load(upstream.url .. "/" .. latency, SECONDS)
    idle[round] = probed(front, nil, SECONDS)
    busy[round], worst[round], threads[round] = probed(front,
      front.url .. "/handler/" .. latency, SECONDS)
  end
  local stuck, stuck_worst, blocked = probed(front,
    front.url .. "/blocking/" .. latency, 3 * SECONDS)
  local is = ratio({ threads, direct }, 1, 2)
  local without, with = median(idle), median(busy)
  print(("  asked directly %7.0f a second"):format(median(direct)))
  print(("  handler        %7.0f a second   probe %s, p99 %s"):format(
    median(threads), milliseconds(with), milliseconds(median(worst))))
  print(("  blocking       %7.0f a second   probe %s, p99 %s"):format(
    blocked, milliseconds(stuck), milliseconds(stuck_worst)))
  print(("  nobody                             probe %s"):format(
    milliseconds(without)))
  if latency ~= "0" then
    judge("handler to the upstream itself", ("%.2fx"):format(is),
      (">= %.2fx"):format(HANDLER_BAR), is >= HANDLER_BAR)
    judge("probe meanwhile", "+" .. milliseconds(with - without),
      "<= +" .. milliseconds(PROBE_BAR), with - without <= PROBE_BAR)
  end
end

local function compare()
  local missing = require("spec.support.nginx").missing()
  if not missing and select(2, process.capture "command -v wrk") ~= 0 then
    missing = "wrk is not here (apt install wrk)"
  end
  if missing then
    print("nginx: skipped, " .. missing)
    return
  end
  gateway_at_once()
  require("bench.nginx_hosts").with(function(front, upstream)
    gateway_far_away(front)
    handler(front, upstream, "0", 5)
    handler(front, upstream, "20", 5)
  end)
  os.exit(missed and 1 or 0)
end

if arg[1] == "probe" then
  probe(arg[2], tonumber(arg[3]))
else
  compare()
end
