-- all: 1,000 authenticated GETs, 50 at once, by client:all, beside a
-- curl_multi loop in C that keeps its answers too (bench/all.c); over HTTP,
-- HTTPS and HTTP/2. Then all 1,000 at once over HTTP/2, to a server that takes
-- 128 streams, beside a loop that has 100 at a time on one connection.
--
--   lua bench/all.lua                       compares, prints ratios
--   lua bench/all.lua client URL CA_FILE [CONCURRENT]
--                                           a contender of side.lua
--
-- Bars: the client does at least 0.9 times as many in a second; beyond the
-- limit of streams it takes at most 1.3 times the CPU.
local COUNT, ROUNDS, WARM_UP, CONCURRENT = 1000, 61, 50, 50
local ONE_CONNECTION = 100 -- streams of a loop that stays on one
local BAR, BEYOND_BAR = 0.9, 1.3

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = "build/" .. LUA .. "/?.so;" .. package.cpath

local side = require "bench.side"

local function client(url, ca_file, concurrent)
  local it = assert(require("equinix").new {
    base_url = url,
    ca_file = ca_file,
    client_id = "bench",
    client_secret = "a secret of no use anywhere",
  })
  local function run(n, path)
    local requests = {}
    for i = 1, n do
      requests[i] = { method = "GET", path = path }
    end
    local results = it:all(requests, { concurrency = concurrent })
    for i = 1, n do
      assert(results[i].response, results[i].err)
    end
  end
  run(WARM_UP, "/slow") -- see bench/all.c
  side.serve(function(count)
    run(count, "/fabric/v4/ports")
  end, require("equinix.core").now)
end

local function contenders(url, ca_file, c, lua)
  local arguments = (" %s %s"):format(url, ca_file)
  return side.rounds({
    { name = "C on curl_multi",
      command = "build/bench/all" .. arguments .. " " .. c },
    { name = "equinix client",
      command = ("%s bench/all.lua client%s %d"):format(arg[-1], arguments,
        lua) },
  }, ROUNDS, COUNT)
end

local function compare_over(protocol, url, ca_file)
  print(("client:all, 50 at once, %s, %s: %d rounds of %d"):format(protocol,
    jit and jit.version or _VERSION, ROUNDS, COUNT))
  local results = contenders(url, ca_file, CONCURRENT, CONCURRENT)
  side.show(results, COUNT)
  side.judge("requests a second", 1 / results[2].wall_ratio, BAR, true)
end

local function compare_beyond(url, ca_file)
  print(("client:all, %d at once, HTTP/2 with 128 streams: %d rounds"):format(
    COUNT, ROUNDS))
  local results = contenders(url, ca_file, ONE_CONNECTION, COUNT)
  side.show(results, COUNT)
  side.judge("CPU of the client", results[2].cpu_ratio, BEYOND_BAR)
end

local function compare()
  side.with_nginx(function(nginx)
    compare_over("HTTP", nginx.http, nginx.ca_file)
    compare_over("HTTPS", nginx.https, nginx.ca_file)
    compare_over("HTTP/2", nginx.http2, nginx.ca_file)
    compare_beyond(nginx.http2, nginx.ca_file)
  end)
end

if arg[1] then
  client(arg[2], arg[3], tonumber(arg[4]) or CONCURRENT)
else
  compare()
  os.exit(not side.missed)
end
