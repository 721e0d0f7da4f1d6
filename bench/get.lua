-- get: the price of an authenticated GET on a connection kept alive, beside a
-- C loop on libcurl (bench/get.c) and a loop on luasocket.
--
--   lua bench/get.lua                     compares, prints ratios
--   lua bench/get.lua client URL COUNT    "CPU-SECONDS WALL-SECONDS"
--   lua bench/get.lua socket URL COUNT    likewise
--
-- Bar: CPU and instructions of the client <= 1.10x of the C loop.
local COUNT, ROUNDS, WARM_UP = 2000, 15, 50
local BAR = 1.10

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = "build/" .. LUA .. "/?.so;" .. package.cpath

-- CPU is os.clock(): user and system time of the process, like C's getrusage.
local function measure(get, count)
  local now = require("equinix.core").now
  for _ = 1, WARM_UP do
    get()
  end
  local cpu, wall = os.clock(), now()
  for _ = 1, count do
    get()
  end
  print(("%.6f %.6f"):format(os.clock() - cpu, now() - wall))
end

local contender = {}

function contender.client(url, count)
  local client = assert(require("equinix").new {
    base_url = url,
    client_id = "bench",
    client_secret = "a secret of no use anywhere",
  })
  measure(function()
    local response = assert(client:get "/fabric/v4/ports")
    assert(#response.body > 0)
  end, count)
end

-- By hand, since socket.http opens a connection for each request.
function contender.socket(url, count)
  local host, port = url:match "^http://([^:]+):(%d+)"
  local connection = assert(require("socket").connect(host, tonumber(port)))
  assert(connection:setoption("tcp-nodelay", true))
  local request = "GET /fabric/v4/ports HTTP/1.1\r\nHost: " .. host
    .. "\r\nAuthorization: Bearer qwErtY8zyW1abcdefGHI"
    .. "\r\nAccept: application/json\r\n\r\n"
  measure(function()
    assert(connection:send(request))
    assert(assert(connection:receive "*l"):find "^HTTP/1.1 200")
    local headers = {}
    repeat
      local line = assert(connection:receive "*l")
      local name, value = line:match "^([^:]+):%s*(.*)$"
      if name then
        headers[name:lower()] = value
      end
    until line == ""
    local body = connection:receive(tonumber(headers["content-length"]))
    assert(#body > 0)
  end, count)
end

local function compare()
  local side = require "bench.side"
  side.with_nginx(function(nginx)
    local url = nginx.http
    local function as(name)
      return function(count)
        return ("%s bench/get.lua %s %s %d"):format(arg[-1], name, url, count)
      end
    end
    local function as_c(count)
      return ("build/bench/get %s/fabric/v4/ports %d"):format(url, count)
    end
    print(("authenticated GET, keep-alive, %s: %d rounds of %d"):format(
      jit and jit.version or _VERSION, ROUNDS, COUNT))
    local results = side.rounds({
      { name = "C on libcurl", command = as_c(COUNT) },
      { name = "equinix client", command = as "client"(COUNT) },
      { name = "luasocket", command = as "socket"(COUNT) },
    }, ROUNDS)
    side.show(results, COUNT)
    side.judge("CPU of the client", results[2].cpu_ratio, BAR)
    local ours, theirs = side.instructions(as "client"),
      side.instructions(as_c)
    if ours and theirs then
      side.judge(("instructions (%.0f, %.0f)"):format(ours, theirs),
        ours / theirs, BAR)
    else
      print "  instructions: not counted, valgrind is not here"
    end
  end)
end

if arg[1] then
  contender[arg[1]](arg[2], tonumber(arg[3]))
else
  compare()
end
