-- round_trips: how long a script waits for its first call, and for a refresh,
-- where a round trip to the server takes 100 ms (spec/support/relay.lua), over
-- TLS 1.3.
--
--   lua bench/round_trips.lua                 measures, prints ratios
--   lua bench/round_trips.lua WHAT URL CA_FILE
--                                             seconds of "first" or "refresh"
--
-- BEFORE may name another checkout, with a build, which is measured beside
-- this one, in turns. Without it only the round trips are held against those
-- of a client whose token requests have connections of their own: six for the
-- first call (TCP, TLS, the token, and TCP, TLS, the call), three for a
-- refresh.
--
-- (A checkout that closes connections says goodbye on them, which is counted
-- for it, though it is no wait.)
--
-- Bars: 0.70 and 0.40 of either.
local SECONDS, ROUNDS = 0.1, 5
local BARS = { first = 0.70, refresh = 0.40 }
local SEPARATE = { first = 6, refresh = 3 }

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local HERE = os.getenv "CHECKOUT" or "."
local BUILD = os.getenv "CHECKOUT" and HERE .. "/build"
  or os.getenv "BUILD" or "build"
package.path = HERE .. "/lua/?.lua;" .. HERE .. "/lua/?/init.lua;./?.lua;"
  .. package.path
package.cpath = BUILD .. "/" .. LUA .. "/?.so;" .. package.cpath

-- One run in a process of its own, so that nothing is there yet.
local function run(what, url, ca_file)
  local now, equinix = require("equinix.core").now, require "equinix"
  local start = now()
  local client = assert(equinix.new { base_url = url, ca_file = ca_file,
    client_id = "bench", client_secret = "a secret of no use anywhere" })
  assert(client:get "/fabric/v4/ports")
  if what == "refresh" then
    start = now()
    assert(client:refresh())
  end
  print(("%.6f"):format(now() - start))
  io.stdout:flush()
  os.exit(true) -- without a goodbye of TLS, which would count
end

if arg[1] then
  run(arg[1], arg[2], arg[3])
  return
end

local process = require "spec.support.process"
local relays = require "spec.support.relay"
local side = require "bench.side"
local all_of = table.unpack or unpack

-- -> seconds, round trips of the whole process
local function measured(what, relay, ca_file, checkout)
  local _, before = relay:counts()
  local words, code = process.capture(
    ("%s%s bench/round_trips.lua %s https://127.0.0.1:%d %s 2>&1"):format(
      checkout and "CHECKOUT=" .. process.quote(checkout) .. " " or "",
      arg[-1], what, relay.port, ca_file))
  if code ~= 0 then
    error(words, 0)
  end
  local _, after = relay:counts()
  return tonumber(words), after - before
end

-- The shortest times, the median counts of all rounds:
-- results[checkout][what] = {seconds, trips}.
local function rounds(relay, ca_file, checkouts)
  local lists = {}
  for round = 1, ROUNDS do
    for i in side.order(round, #checkouts) do
      lists[i] = lists[i] or { first = { {}, {} }, refresh = { {}, {} } }
      for what, list in pairs(lists[i]) do
        list[1][round], list[2][round] = measured(what, relay, ca_file,
          checkouts[i] or nil)
      end
    end
  end
  for _, by_name in ipairs(lists) do
    for what, list in pairs(by_name) do
      -- What else runs here only adds to the time.
      by_name[what] = { math.min(all_of(list[1])), side.median(list[2]) }
    end
    -- It made its first call as well.
    by_name.refresh[2] = by_name.refresh[2] - by_name.first[2]
  end
  return lists
end

local function judge(what, ratio, unit)
  local met = ratio <= BARS[what]
  side.missed = side.missed or not met
  print(("  %s: %.2fx of %s, the bar is at most %.2fx: %s"):format(what,
    ratio, unit, BARS[what], met and "met" or "MISSED"))
end

-- HTTP/2 acknowledges settings, which is no wait but looks like one: there
-- only the time says something.
local function compare(name, port, ca_file, counted)
  local before = os.getenv "BEFORE"
  local relay = relays.start(port, SECONDS)
  local done, results = pcall(rounds, relay, ca_file,
    before and { false, before } or { false })
  relay:stop()
  if not done then
    error(results, 0)
  end
  print(("%s, TLS 1.3, round trips of %.0f ms, %s: %d rounds"):format(name,
    SECONDS * 1000, jit and jit.version or _VERSION, ROUNDS))
  for _, what in ipairs { "first", "refresh" } do
    for i, by_name in ipairs(results) do
      print(("  %s%s: %.0f ms, %d round trips"):format(what,
        i == 2 and " BEFORE" or "", by_name[what][1] * 1000,
        by_name[what][2]))
    end
    if counted then
      judge(what, results[1][what][2] / SEPARATE[what], "the round trips of "
        .. "separate connections")
    end
    if before then
      judge(what, results[1][what][1] / results[2][what][1], "the time BEFORE")
    end
  end
end

side.with_nginx(function(nginx)
  compare("HTTP/1.1", nginx.https:match "%d+$", nginx.ca_file, true)
  compare("HTTP/2", nginx.http2:match "%d+$", nginx.ca_file, false)
end, "ssl_protocols TLSv1.3;")
os.exit(not side.missed)
