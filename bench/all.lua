-- all: 1,000 authenticated GETs, 50 at once, by client:all, beside a
-- curl_multi loop in C that keeps its answers too (bench/all.c); over HTTP,
-- HTTPS and HTTP/2.
--
--   lua bench/all.lua                       compares, prints ratios
--   lua bench/all.lua client URL CA_FILE    a contender of side.lua
--
-- Bar: the client does at least 0.9 times as many in a second.
local COUNT, ROUNDS, WARM_UP, CONCURRENT = 1000, 61, 50, 50
local BAR = 0.9

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = "build/" .. LUA .. "/?.so;" .. package.cpath

local side = require "bench.side"

local function client(url, ca_file)
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
    local results = it:all(requests, { concurrency = CONCURRENT })
    for i = 1, n do
      assert(results[i].response, results[i].err)
    end
  end
  run(WARM_UP, "/slow") -- see bench/all.c
  side.serve(function(count)
    run(count, "/fabric/v4/ports")
  end, require("equinix.core").now)
end

local function compare_over(protocol, url, ca_file)
  print(("client:all, 50 at once, %s, %s: %d rounds of %d"):format(protocol,
    jit and jit.version or _VERSION, ROUNDS, COUNT))
  local arguments = (" %s %s"):format(url, ca_file)
  local results = side.rounds({
    { name = "C on curl_multi", command = "build/bench/all" .. arguments },
    { name = "equinix client",
      command = arg[-1] .. " bench/all.lua client" .. arguments },
  }, ROUNDS, COUNT)
  side.show(results, COUNT)
  side.judge("requests a second", 1 / results[2].wall_ratio, BAR, true)
end

local function compare()
  side.with_nginx(function(nginx)
    compare_over("HTTP", nginx.http, nginx.ca_file)
    compare_over("HTTPS", nginx.https, nginx.ca_file)
    compare_over("HTTP/2", nginx.http2, nginx.ca_file)
  end)
end

if arg[1] then
  client(arg[2], arg[3])
else
  compare()
  os.exit(not side.missed)
end
