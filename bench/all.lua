-- all: 1,000 authenticated GETs, 50 at once, by client:all, beside a
-- curl_multi loop in C that keeps its answers too (bench/all.c).
--
--   lua bench/all.lua                     compares, prints ratios
--   lua bench/all.lua client URL COUNT    "CPU-SECONDS WALL-SECONDS"
--
-- Bar: the client does at least 0.9 times as many in a second.
local COUNT, ROUNDS, WARM_UP, CONCURRENT = 1000, 15, 50, 50
local BAR = 0.9

local function client(url, count)
  local now = require("equinix.core").now
  local it = assert(require("equinix").new {
    base_url = url,
    client_id = "bench",
    client_secret = "a secret of no use anywhere",
  })
  local function run(n)
    local requests = {}
    for i = 1, n do
      requests[i] = { method = "GET", path = "/fabric/v4/ports" }
    end
    local results = it:all(requests, { concurrency = CONCURRENT })
    for i = 1, n do
      assert(results[i].response, results[i].err)
    end
  end
  run(WARM_UP)
  local cpu, wall = os.clock(), now()
  run(count)
  print(("%.6f %.6f"):format(os.clock() - cpu, now() - wall))
end

local function compare()
  local side = require "bench.side"
  side.with_nginx(function(url)
    print(("client:all, 50 at once, %s: %d rounds of %d"):format(
      jit and jit.version or _VERSION, ROUNDS, COUNT))
    local results = side.rounds({
      { name = "C on curl_multi",
        command = ("build/bench/all %s/fabric/v4/ports %d"):format(url,
          COUNT) },
      { name = "equinix client",
        command = ("%s bench/all.lua client %s %d"):format(arg[-1], url,
          COUNT) },
    }, ROUNDS)
    side.show(results, COUNT)
    side.judge("requests a second", 1 / results[2].wall_ratio, BAR, true)
  end)
end

if arg[1] then
  client(arg[2], tonumber(arg[3]))
else
  compare()
end
