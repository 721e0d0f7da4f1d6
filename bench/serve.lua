-- serve: the REST service with a token in its cache, beside an nginx that
-- answers a constant of the same size by content_by_lua: once with the
-- settings of the service (its log and its limits), once with none at all.
--
--   lua bench/serve.lua      compares, prints ratios
--
-- One nginx worker each, 64 callers (wrk), all on this machine, in turns of a
-- second. The bars, in requests for each CPU second of the worker: >= 0.95x of
-- the constant with the same settings, and >= 0.8x of the one that writes no
-- log and knows no limits. Those for each second are shown, too, but on few
-- processors they also are about wrk's share of them.
local CALLERS, SECONDS, ROUNDS = 64, 1, 21
local BARS = { 0.95, 0.8 } -- of the contenders after the service

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = (os.getenv "BUILD" or "build") .. "/" .. LUA .. "/?.so;"
  .. package.cpath

local cpu = require "bench.cpu"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local function median(values)
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

-- wrk sends what this says.
local function script()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write 'wrk.method = "POST"\n'
  file:close()
  return path
end

-- Requests a second, and for each CPU second of the worker.
local function load(contender, post)
  local url, before = contender.url .. "/oauth2/v1/token",
    cpu.seconds(contender.pids)
  local said = process.capture(("wrk -t1 -c%d -d%ds -s %s %s 2>&1"):format(
    CALLERS, SECONDS, post, process.quote(url)))
  local spent = cpu.seconds(contender.pids) - before
  local rate = tonumber(said:match "Requests/sec:%s*([%d.]+)")
  local count = tonumber(said:match "(%d+) requests in")
  if not rate or said:find "Non%-2xx" or said:find "Socket errors" then
    error(url .. ": " .. said, 0)
  end
  return { rate = rate, thrift = count / spent }
end

local CONSTANT = [[
ngx.header["Content-Type"] = "application/json"
      ngx.header["Content-Length"] = %d
      ngx.print(%q)]]

-- The service's own configuration with another handler, elsewhere.
local function like(s, constant)
  local file = assert(io.open(s.dir .. "/nginx.conf"))
  local text = file:read "*a"
  file:close()
  return function(n)
    return (text:gsub('package.loaded%["equinix.serve.handlers"%]'
      .. '.rest[a-z_]*%(%)', function() return constant end)
      :gsub("set_by_lua_block .-if %b() %b{}\n", "")
      :gsub("init_by_lua_block {.-\n  }\n", "")
      :gsub("daemon off;", ""):gsub("user root;", "")
      :gsub("error_log error.log %w+;", "")
      :gsub("listen %S+:" .. ("%d"):format(s.rest_port), "listen 127.0.0.1:"
        .. ("%d"):format(n.port))
      :gsub("listen %S+:" .. ("%d"):format(s.mcp_port), "listen 127.0.0.1:"
        .. ("%d"):format(nginx.free_port())))
  end
end

-- Medians over the rounds of what contender i had, and of the first one's
-- ratio to it.
local function summary(rounds, i, what)
  local values, ratios = {}, {}
  for round, seen in ipairs(rounds) do
    values[round] = seen[i][what]
    ratios[round] = seen[1][what] / seen[i][what]
  end
  return median(values), median(ratios)
end

local function compare(contenders, post)
  local rounds, met = {}, true
  for round = 1, ROUNDS do
    rounds[round] = {}
    for turn = 1, #contenders do
      local i = round % 2 == 1 and turn or #contenders + 1 - turn
      rounds[round][i] = load(contenders[i], post)
    end
  end
  for i, contender in ipairs(contenders) do
    local rate, of_rate = summary(rounds, i, "rate")
    local thrift, of_thrift = summary(rounds, i, "thrift")
    print(("  %-32s %7.0f a second   service: %.2fx"):format(contender.name,
      rate, of_rate))
    print(("  %-32s %7.0f a CPU second        %.2fx"):format("", thrift,
      of_thrift))
    local bar = BARS[i - 1]
    if bar then
      print(("  service to the %s: %.2fx, the bar is >= %.2fx: %s"):format(
        contender.name, of_thrift, bar, of_thrift >= bar and "met"
        or "MISSED"))
      met = met and of_thrift >= bar
    end
  end
  return met
end

local function bench(s, e)
  local _, _, _, body = s:rest("POST", "/oauth2/v1/token")
  local constant = CONSTANT:format(#body, ("x"):rep(#body))
  local same = nginx.start { conf = like(s, constant), files = { log = "" } }
  local bare = nginx.start { main = "",
    server = ("location / { content_by_lua_block { %s } }"):format(constant) }
  local post = script()
  print(("service, %d callers: %d rounds of %d s, a body of %d bytes"):format(
    CALLERS, ROUNDS, SECONDS, #body))
  local ok, met = pcall(compare, {
    { name = "service", url = s.rest_url, pids = s:workers() },
    { name = "constant, same settings", url = same.url,
      pids = same:worker_pids() },
    { name = "constant, no log and no limits", url = bare.url,
      pids = bare:worker_pids() },
  }, post)
  os.remove(post)
  same:stop()
  bare:stop()
  assert(ok, met)
  assert(e:count "POST /oauth2/v1/token" == 1, "more than one token request")
  return met
end

local missing = nginx.missing()
if not missing and select(2, process.capture "command -v wrk") ~= 0 then
  missing = "wrk is not here (apt install wrk)"
end
if missing then
  print("service: skipped, " .. missing)
  return
end
local e = require("spec.support.emulator").start { plain = true }
local started, s = pcall(require("spec.support.serve").start, e,
  { "--workers", "1" })
local ok, met = started, s
if started then
  ok, met = pcall(bench, s, e)
  s:stop()
end
e:stop()
if not ok then
  error(met, 0)
end
os.exit(met and 0 or 1)
