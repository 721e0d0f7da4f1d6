-- pages: a list of 50 pages from a server that is 50 ms away, read by
-- client:items: one page after the other, as all builds before did, beside
-- pages that are asked for ahead.
--
--   lua bench/pages.lua                      compares, prints the bars
--   lua bench/pages.lua read TREE URL AHEAD  a contender: reads so many lists
--                                            as it is told
--   lua bench/pages.lua held TREE URL AHEAD  kB that a process grows by while
--                                            it reads pages of 1 MB
--
-- BEFORE=/path/of/a/checkout is the build to compare with; without it this one
-- with `ahead = 1`, which does the same. The server waits before it answers,
-- and sees to any number of requests at once.
--
-- Bars: at most 0.2x of the time; the memory of the pages ahead at most 64 MiB
-- (for these pages: a little more than eight of them).
local ROUNDS, PAGES, MS = 5, 50, 50
local RATIO_BAR, HELD_BAR = 0.20, 64 * 1024

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local mode, tree = ...

local function use(folder)
  package.path = folder .. "/lua/?.lua;" .. folder .. "/lua/?/init.lua;"
    .. "./?.lua;" .. package.path
  package.cpath = folder .. "/build/" .. LUA .. "/?.so;" .. package.cpath
end

use(tree or ".")

-- Reads a list, and makes sure that it is whole and in order.
local function read(client, path, opts, total)
  local n = 0
  for item in client:items(path, opts) do
    n = n + 1
    assert(item.id == n, "an item is not in its place")
  end
  assert(n == total, "items are missing")
end

local function new(url)
  return assert(require("equinix").new { base_url = url, token = "t" })
end

local contender = {}

function contender.read(_, url, ahead)
  local client = new(url)
  local path = ("/list?total=%d&size=1&sleep=%.3f"):format(PAGES, MS / 1000)
  require("bench.side").serve(function(count)
    for _ = 1, count do
      read(client, path, { ahead = tonumber(ahead) }, PAGES)
    end
  end, require("equinix.core").now)
end

local function resident_kb()
  for line in io.lines "/proc/self/status" do
    local kb = line:match "^VmHWM:%s*(%d+)"
    if kb then
      return tonumber(kb)
    end
  end
end

function contender.held(_, url, ahead)
  local client, before = new(url), nil
  for page in client:pages("/list?total=30&size=1&pad=1000000",
    { ahead = tonumber(ahead) }) do
    before = before or resident_kb()
    assert(page.data[1])
    collectgarbage()
  end
  print(resident_kb() - before)
end

local function capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function compare()
  local process = require "spec.support.process"
  local side = require "bench.side"
  local server = require("spec.support.paged").start()
  local old = os.getenv "BEFORE"
  local function command(what, folder, ahead)
    return ("%s bench/pages.lua %s %s %s %s"):format(LUA, what,
      process.quote(folder), server.url, ahead or "")
  end
  print(("pages: %d pages, %d ms each, on %s"):format(PAGES, MS, LUA))
  local results = side.rounds({
    { name = old and "before" or "ahead = 1",
      command = command("read", old or ".", not old and 1 or nil) },
    { name = "ahead = 8", command = command("read", ".") },
  }, ROUNDS, 1)
  for _, r in ipairs(results) do
    print(("  %-12s wall %7.1f ms %5.2fx   CPU %5.1f ms"):format(r.name,
      r.wall * 1e3, r.wall_ratio, r.cpu * 1e3))
  end
  local ratio = results[2].wall_ratio
  local held = tonumber(capture(command("held", ".", 8)))
    - tonumber(capture(command("held", ".", 1)))
  server:stop()
  print(("  time: %.2fx, the bar is at most %.2fx: %s"):format(ratio,
    RATIO_BAR, ratio <= RATIO_BAR and "met" or "MISSED"))
  print(("  held ahead, pages of 1 MB: %.1f MiB, the bar is at most %d: %s")
    :format(held / 1024, HELD_BAR / 1024,
      held <= HELD_BAR and "met" or "MISSED"))
  os.exit(ratio <= RATIO_BAR and held <= HELD_BAR)
end

if mode then
  contender[mode](select(2, ...))
else
  compare()
end
