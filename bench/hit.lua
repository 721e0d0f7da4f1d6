-- hit: the price of client:authorization() when the token is there, beside
-- a method that is an empty C function (bench/empty.c).
--
--   lua bench/hit.lua                  prints nanoseconds, bytes and ratios
--   host --threads N bench/hit.lua     the same loop, alone and at once
--
-- Bars: 1.8x of the empty method on Lua 5.4, 0.5x on LuaJIT, which compiles a
-- hit and calls the method; no memory; 2 threads within 1.5x of one; with a
-- store in place the same. The nanoseconds are of whatever machine this is.
local CALLS, ROUNDS, THREAD_ROUNDS = 100000, 201, 51
local TURN, TURNS = 10000, 2001
local BAR = jit and 0.5 or 1.8
local THREADS_BAR, STORE_BAR = 1.5, 1.05

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = (os.getenv "BUILD" or "build") .. "/" .. LUA
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
  can_wait = function()
    return true
  end,
}

local function new_client(store)
  local new = assert(require("equinix").new {
    client_id = "bench",
    client_secret = "a secret of no use anywhere",
    transport = transport,
    store = store,
  })
  assert(new:authorization())
  return new
end

local client = new_client()
-- A hit never comes near a store, so any will do.
local stored = new_client(require("spec.support.memory_store").new())

-- All times are CPU times of this thread: what else the machine does is not
-- counted.
local in_host = rawget(_G, "host")
local cpu = in_host and in_host.cpu or os.clock

local function hits(count, which)
  which = which or client
  local start = cpu()
  for _ = 1, count do
    which:authorization()
  end
  return (cpu() - start) / count * 1e9
end


local median = require("bench.side").median

-- One thread after the other alone, while the rest sleep; then all at once.
local function in_thread()
  local ratios = {}
  hits(CALLS)
  for round = 1, THREAD_ROUNDS do
    local alone
    for turn = 1, rawget(_G, "workers") do
      if turn == rawget(_G, "worker") then
        alone = hits(CALLS)
        in_host.tally(turn, 1)
      end
      while in_host.tally(turn) < round do
        in_host.nap()
      end
    end
    in_host.barrier()
    ratios[round] = hits(CALLS) / alone
  end
  print(("%.3f"):format(median(ratios)))
end

if in_host then
  in_thread()
  return
end

-- What a hit costs in so many threads at once, as a multiple of what it costs
-- in one; of the thread that suffers most. Nil without a host.
local function in_threads(count)
  local pipe = io.popen(("LUA_PATH='%s' LUA_CPATH='%s' %s/host --threads %d "
    .. "bench/hit.lua 2>/dev/null"):format(
    package.path, package.cpath, BUILD, count))
  local ratio
  for line in pipe:lines() do
    ratio = math.max(ratio or 0, tonumber(line))
  end
  pipe:close()
  return ratio
end

local function bytes_per_hit()
  hits(CALLS)
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  hits(CALLS * 20)
  local grown = (collectgarbage "count" - before) * 1024
  collectgarbage "restart"
  return grown / (CALLS * 20)
end

local missed = false
local function verdict(value, bar)
  missed = missed or value > bar
  return value <= bar and "ok" or "TOO MUCH"
end

-- The loop of hits(), of another method.
local function empty_calls(count)
  local object = require "empty"
  local start = cpu()
  for _ = 1, count do
    object:method()
  end
  return (cpu() - start) / count * 1e9
end

-- In turns of less than a millisecond, so that both meet the same machine.
local function beside_empty()
  local hit, empty, ratios = {}, {}, {}
  for i = 1, TURNS do
    hit[i], empty[i] = hits(TURN), empty_calls(TURN)
    ratios[i] = hit[i] / empty[i]
  end
  return median(hit), median(empty), median(ratios)
end

hits(CALLS)
empty_calls(CALLS)
local price, method, times = beside_empty()
print(("%s, medians of %d turns of %d calls"):format(LUA, TURNS, TURN))
print(("hit            %6.1f ns   the empty method %.1f ns"):format(price,
  method))
print(("               %6.2fx of it, the bar is at most %.2fx: %s"):format(
  times, BAR, verdict(times, BAR)))
local bytes = bytes_per_hit()
-- LuaJIT's traces take some memory once; that is not the hits'
print(("memory         %6.1f bytes per hit: %s"):format(
  bytes, verdict(bytes, 0.01)))
hits(CALLS, stored)
local beside = {}
for i = 1, ROUNDS do
  local without = hits(CALLS)
  beside[i] = hits(CALLS, stored) / without
end
local with_store = median(beside)
print(("with a store   %6.2fx of without: %s"):format(with_store,
  verdict(with_store, STORE_BAR)))
local ratio = in_threads(2)
if ratio then
  print(("two threads    %6.2fx of one: %s"):format(ratio,
    verdict(ratio, THREADS_BAR)))
end
os.exit(not missed)
