-- get: the price of an authenticated GET on a connection kept alive, beside a
-- C loop on libcurl (bench/get.c) and a loop on luasocket.
--
--   lua bench/get.lua               compares, prints ratios
--   lua bench/get.lua client URL    a contender of side.lua
--   lua bench/get.lua socket URL    likewise
--
-- Bar: CPU and instructions of the client <= 1.10x of the C loop.
-- A turn is long enough for the collector to have its share in each.
local COUNT, ROUNDS, WARM_UP = 500, 101, 50
local BAR = 1.10

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = "build/" .. LUA .. "/?.so;" .. package.cpath

local side = require "bench.side"

local function serve(get)
  local function run(count)
    for _ = 1, count do
      get()
    end
  end
  run(WARM_UP)
  side.serve(run, require("equinix.core").now)
end

local contender = {}

function contender.client(url)
  local client = assert(require("equinix").new {
    base_url = url,
    client_id = "bench",
    client_secret = "a secret of no use anywhere",
  })
  serve(function()
    local response = assert(client:get "/fabric/v4/ports")
    if response.body == "" then
      error "not the answer that was expected"
    end
  end)
end

-- By hand, since socket.http opens a connection for each request.
function contender.socket(url)
  local host, port = url:match "^http://([^:]+):(%d+)"
  local connection = assert(require("socket").connect(host, tonumber(port)))
  assert(connection:setoption("tcp-nodelay", true))
  local request = "GET /fabric/v4/ports HTTP/1.1\r\nHost: " .. host
    .. "\r\nAuthorization: Bearer qwErtY8zyW1abcdefGHI"
    .. "\r\nAccept: application/json\r\n\r\n"
  serve(function()
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
  end)
end

local function compare()
  side.with_nginx(function(nginx)
    local url = nginx.http
    local function as(name)
      return ("%s bench/get.lua %s %s"):format(arg[-1], name, url)
    end
    local c = ("build/bench/get %s/fabric/v4/ports"):format(url)
    print(("authenticated GET, keep-alive, %s: %d rounds of %d"):format(
      jit and jit.version or _VERSION, ROUNDS, COUNT))
    local results = side.rounds({
      { name = "C on libcurl", command = c },
      { name = "equinix client", command = as "client" },
      { name = "luasocket", command = as "socket" },
    }, ROUNDS, COUNT)
    side.show(results, COUNT)
    side.judge("CPU of the client", results[2].cpu_ratio, BAR)
    local ours, theirs = side.instructions(as "client"), side.instructions(c)
    if ours and theirs then
      side.judge(("instructions (%.0f, %.0f)"):format(ours, theirs),
        ours / theirs, BAR)
    else
      print "  instructions: not counted, valgrind is not here"
    end
  end)
end

if arg[1] then
  contender[arg[1]](arg[2])
else
  compare()
  os.exit(not side.missed)
end
