-- hit: the price of client:authorization() when the token is there, beside
-- a call of a C function that does next to nothing (io.type of a number).
--
--   lua bench/hit.lua              compares, prints nanoseconds and bytes
--   host --threads N bench/hit.lua     the same loop in N threads at once
--
-- Bars: 50 ns on Lua 5.4, 30 ns on LuaJIT; no memory; 2 threads within 1.5x
-- of one.
local CALLS, ROUNDS = 2000000, 9
local BAR = jit and 30 or 50
local THREADS_BAR = 1.5

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = "build/" .. LUA
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = BUILD .. "/?.so;" .. package.cpath

local core = require "equinix.core"

-- A transport that answers like Equinix, without a network.
local ANSWER = [[{"access_token": "qwErtY8zyW1abcdefGHI",
  "token_timeout": "3600", "token_type": "Bearer"}]]
local transport = {
  send = function()
    return {
      status = 200,
      headers = { { "Content-Type", "application/json" } },
      body = ANSWER,
      elapsed = 0,
      http_version = "1.1",
      connects = 1,
    }
  end,
  send_many = error, -- not used here
  sleep = core.sleep,
  waits = function()
    return true
  end,
}

local client = assert(require("equinix").new {
  client_id = "bench",
  client_secret = "a secret of no use anywhere",
  transport = transport,
})
assert(client:authorization())

-- All times are CPU times of this thread: what else the machine does is not
-- counted.
local in_host = rawget(_G, "host")
local cpu = in_host and in_host.cpu or os.clock

local function hits(count)
  local start = cpu()
  for _ = 1, count do
    client:authorization()
  end
  return (cpu() - start) / count * 1e9
end

local type_of = io.type
local function empty_calls(count)
  local start = cpu()
  for _ = 1, count do
    type_of(1)
  end
  return (cpu() - start) / count * 1e9
end

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

-- In the host: each thread prints its price.
if in_host then
  hits(CALLS / 10)
  local rounds = {}
  for i = 1, ROUNDS do
    in_host.barrier()
    rounds[i] = hits(CALLS)
  end
  print(("%.2f"):format(median(rounds)))
  return
end

-- The highest price in so many threads at once, or nil without a host.
local function in_threads(count)
  local pipe = io.popen(("LUA_PATH='%s' LUA_CPATH='%s' %s/host --threads %d "
    .. "bench/hit.lua 2>/dev/null"):format(
    package.path, package.cpath, BUILD, count))
  local price
  for line in pipe:lines() do
    price = math.max(price or 0, tonumber(line))
  end
  pipe:close()
  return price
end

local function bytes_per_hit()
  hits(CALLS / 10)
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  for _ = 1, CALLS do
    client:authorization()
  end
  local grown = (collectgarbage "count" - before) * 1024
  collectgarbage "restart"
  return grown / CALLS
end

local function verdict(value, bar)
  return value <= bar and "ok" or "TOO MUCH"
end

hits(CALLS / 10)
empty_calls(CALLS / 10)
local hit, empty = {}, {}
for i = 1, ROUNDS do
  hit[i], empty[i] = hits(CALLS), empty_calls(CALLS)
end
local price, bytes = median(hit), bytes_per_hit()
print(("%s, %d calls, medians of %d rounds"):format(LUA, CALLS, ROUNDS))
print(("hit            %6.1f ns   bar %d: %s"):format(
  price, BAR, verdict(price, BAR)))
print(("empty C call   %6.1f ns   (io.type)"):format(median(empty)))
-- LuaJIT's traces take some memory once; that is not the hits'
print(("memory         %6.1f bytes per hit: %s"):format(
  bytes, verdict(bytes, 0.01)))
local one, two = in_threads(1), in_threads(2)
if one and two then
  print(("two threads    %6.2fx of one: %s"):format(
    two / one, verdict(two / one, THREADS_BAR)))
end
