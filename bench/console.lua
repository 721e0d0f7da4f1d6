-- console: the emulator with its console open in a real Chromium, beside the
-- same emulator with no console; and whether the console counts every request.
--
--   lua bench/console.lua      compares, prints ratios
--
-- One nginx worker, 16 callers (wrk), all on this machine, in turns of two
-- seconds. The bar: >= 0.95x the requests for each CPU second of the worker,
-- which is what asking for the state costs; those for each second are shown,
-- too, but on few processors they also are about the browser's share of them.
-- Then 1,200 requests a second for ten seconds: the page must show them all.
local CALLERS, SECONDS, ROUNDS, BAR = 16, 2, 11, 0.95
local RATE, LENGTH = 1200, 10

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = (os.getenv "BUILD" or "build") .. "/" .. LUA .. "/?.so;"
  .. package.cpath

local browser = require "spec.support.browser"
local core = require "equinix.core"
local cpu = require "bench.cpu"
local json = require "equinix.base.json"
local process = require "spec.support.process"

local function median(values)
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

local function worker_of(e)
  local pid = process.capture(("ps -o pid= --ppid $(cat %s/nginx.pid)")
    :format(process.quote(e.dir)))
  return { assert(math.floor(assert(tonumber(pid), "one worker"))) }
end

local function token_of(e)
  local response = assert(e:send("POST", "/oauth2/v1/token", { body = {
    grant_type = "client_credentials", client_id = e.client_id,
    client_secret = e.client_secret } }))
  return assert(json.decode(response.body)).access_token
end

-- Requests a second, and for each CPU second of the worker.
local function load(e, token, worker)
  local before = cpu.seconds(worker)
  local said = process.capture(("wrk -t1 -c%d -d%ds -H %s %s 2>&1"):format(
    CALLERS, SECONDS, process.quote("Authorization: Bearer " .. token),
    process.quote(e.base_url .. "/fabric/v4/ports")))
  local spent = cpu.seconds(worker) - before
  local rate = tonumber(said:match "Requests/sec:%s*([%d.]+)")
  local count = tonumber(said:match "(%d+) requests in")
  if not rate or said:find "Non%-2xx" or said:find "Socket errors" then
    error(said, 0)
  end
  return { rate = rate, thrift = count / spent }
end

local function show(b, url)
  b:run("await page.goto(args.url)", { url = url })
end

local function compare(e, b)
  local token, worker = token_of(e), worker_of(e)
  local with, without, ratios = {}, {}, {}
  for round = 1, ROUNDS do
    local seen = {}
    for _, open in ipairs(round % 2 == 1 and { true, false }
      or { false, true }) do
      show(b, open and e.base_url .. "/_emulator/" or "about:blank")
      seen[open] = load(e, token, worker)
    end
    with[round], without[round] = seen[true].rate, seen[false].rate
    ratios[round] = seen[true].thrift / seen[false].thrift
  end
  local ratio, rate, bare = median(ratios), median(with), median(without)
  print(("  with the console open   %7.0f a second"):format(rate))
  print(("  without                 %7.0f a second   console: %.2fx"):format(
    bare, rate / bare))
  print(("  for each CPU second of the emulator: %.3fx, the bar is >= %.2fx: "
    .. "%s"):format(ratio, BAR, ratio >= BAR and "met" or "MISSED"))
  return ratio >= BAR
end

-- RATE requests within each second, in tenths of a second.
local function count(e, b)
  e:reset()
  show(b, e.base_url .. "/_emulator/")
  local batch = {}
  for i = 1, RATE / 10 do
    batch[i] = { method = "GET", url = e.base_url .. "/fabric/v4/health" }
  end
  local start = core.time()
  for tenth = 1, LENGTH * 10 do
    for _, result in ipairs(e.http:send_many(batch, 20, 30)) do
      assert(result.response, result.err and result.err.message)
    end
    local left = start + tenth / 10 - core.time()
    if left > 0 then
      process.capture(("sleep %.3f"):format(left))
    end
  end
  local seconds, sent = core.time() - start, RATE * LENGTH
  local shown = b:run([[
    await page.waitForFunction((n) => Number(document.querySelector("#total")
      .textContent.replace(/\D/g, "")) >= n, args.sent, { polling: 100 });
    return Number((await page.textContent("#total")).replace(/\D/g, ""));
  ]], { sent = sent })
  print(("  %d requests in %.1f s, %.0f a second; the console shows %d: %s")
    :format(sent, seconds, sent / seconds, shown,
      shown == sent and "none lost" or "WRONG"))
  return shown == sent
end

local function bench(e)
  local b = browser.start { viewport = { width = 1280, height = 800 } }
  print(("console, %d callers: %d rounds of %d s"):format(CALLERS, ROUNDS,
    SECONDS))
  local ok, cheap, complete = pcall(function()
    return compare(e, b), count(e, b)
  end)
  b:stop()
  assert(ok, cheap)
  return cheap and complete
end

local missing = browser.why_not()
if not missing and select(2, process.capture "command -v wrk") ~= 0 then
  missing = "wrk is not here (apt install wrk)"
end
if missing then
  print("console: skipped, " .. missing)
  return
end
local e = require("spec.support.emulator").start { plain = true }
local ok, met = pcall(bench, e)
e:stop()
if not ok then
  error(met, 0)
end
os.exit(met and 0 or 1)
