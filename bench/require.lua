-- require: what it costs to have the client: time to load it and to make one,
-- beside a process that loads nothing but the libraries it stands on; memory
-- of clients that idle, and of many that come and go; what `new` asks of the
-- kernel.
--
--   lua bench/require.lua                  compares, prints the bars
--   lua bench/require.lua libraries PATH.. "CPU-SECONDS WALL-SECONDS"
--   lua bench/require.lua equinix          likewise
--   lua bench/require.lua churn            "kB-EARLY kB-LATE", of the process
--   lua bench/require.lua new              for strace
--
-- Bars: 3 ms beyond the libraries, of the processor (by the clock it is the
-- same on a machine that does nothing else); 8 kB for an idle client; memory
-- of the process the same after 10,000 clients and after 100,000; no file and
-- no socket for `new`.
local ROUNDS, IDLE, CHURN = 51, 1000, 100000
local MS_BAR, KB_BAR, GROWTH_BAR = 3, 8, 1.05

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = "build/" .. LUA .. "/?.so;" .. package.cpath

local function options(i)
  return {
    client_id = "bench" .. (i or ""),
    client_secret = "a secret of no use anywhere",
  }
end

local contender = {}

-- The clock comes first, and from elsewhere: the core is what is measured.
local function measure(body)
  local gettime = require("socket").gettime
  local cpu, wall = os.clock(), gettime()
  body()
  print(("%.6f %.6f"):format(os.clock() - cpu, gettime() - wall))
end

function contender.libraries(...)
  local paths = { ... }
  measure(function()
    require "cjson"
    for _, path in ipairs(paths) do
      assert(package.loadlib(path, "*"))
    end
  end)
end

function contender.equinix()
  measure(function()
    assert(require("equinix").new(options()))
  end)
end

-- Marks in the trace, around the one call that is looked at.
local MARK = "/equinix/bench/mark"

function contender.new()
  local equinix = require "equinix"
  local given, static = options(), { token = "qwErtY8zyW1abcdefGHI" }
  io.open(MARK)
  local one, other = equinix.new(given), equinix.new(static)
  io.open(MARK)
  assert(one and other)
end

local ANSWER = [[{"access_token": "qwErtY8zyW1abcdefGHI",
  "token_timeout": "3600", "token_type": "Bearer"}]]

local function resident()
  for line in io.lines "/proc/self/status" do
    local kb = line:match "^VmRSS:%s*(%d+)"
    if kb then
      return tonumber(kb)
    end
  end
end

-- Each has a key of its own and a token, so that each takes a place in the
-- cache, and most take it from another one.
function contender.churn()
  local equinix = require "equinix"
  local transport = {}
  for name, value in pairs(require "equinix.transport.curl") do
    transport[name] = value
  end
  function transport.send()
    return { status = 200, headers = {}, body = ANSWER, elapsed = 0 }
  end
  local early
  for i = 1, CHURN do
    local given = options(i)
    given.transport = transport
    assert(assert(equinix.new(given)):authorization())
    if i == CHURN / 10 then
      early = resident()
    end
  end
  print(early, resident())
end

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function as(name)
  return arg[-1] .. " bench/require.lua " .. name
end

local function report(what, value, unit, bar)
  print(("  %-28s %8.2f %-3s the bar is at most %g: %s"):format(what, value,
    unit, bar, value <= bar and "met" or "MISSED"))
  return value <= bar
end

-- The libraries that the core at hand uses: those that are mapped with it.
local function libraries()
  require("equinix.core").load_libcurl()
  local paths, seen, maps = {}, {}, io.open "/proc/self/maps"
  for line in maps and maps:lines() or function() end do
    local path = line:match "%s(/%S+)$" or ""
    if not seen[path] and (path:find "/libcurl" or path:find "/libcrypto%.")
    then
      seen[path], paths[#paths + 1] = true, path
    end
  end
  return #paths == 2 and table.concat(paths, " ") or nil
end

-- A program's CPU and wall milliseconds.
local function run(command)
  local text = output_of(command)
  local cpu, wall = text:match "^(%S+) (%S+)%s*$"
  assert(cpu, text)
  return { cpu = cpu * 1e3, wall = wall * 1e3 }
end

-- Two programs in turns; medians of the first, and of what the second takes
-- more than the run of the first beside it.
local function beyond(first, second)
  local side = require "bench.side"
  local commands, alone, more = { first, second }, {}, {}
  for round = 1, ROUNDS do
    local times = {}
    for i in side.order(round, 2) do
      times[i] = run(commands[i])
    end
    for what, ms in pairs(times[1]) do
      alone[what], more[what] = alone[what] or {}, more[what] or {}
      alone[what][round], more[what][round] = ms, times[2][what] - ms
    end
  end
  for _, what in ipairs { "cpu", "wall" } do
    alone[what], more[what] = side.median(alone[what]),
      side.median(more[what])
  end
  return alone, more
end

local function time()
  local paths = libraries()
  if not paths then
    print "  time: not measured, there is no /proc to find the libraries in"
    return true
  end
  local alone, more = beyond(as "libraries " .. paths, as "equinix")
  print(("  libraries and cjson alone    %8.2f ms  (CPU %.2f ms)"):format(
    alone.wall, alone.cpu))
  print(("  require and new, beyond them %8.2f ms  of the clock"):format(
    more.wall))
  return report("  of the processor", more.cpu, "ms", MS_BAR)
end

local function idle()
  local equinix = require "equinix"
  local clients, given = {}, {}
  for i = 1, IDLE do -- what the caller brings is not counted
    clients[i], given[i] = false, options(i)
  end
  equinix.new(given[1])
  collectgarbage()
  collectgarbage()
  local before = collectgarbage "count"
  for i = 1, IDLE do
    clients[i] = assert(equinix.new(given[i]))
  end
  collectgarbage()
  collectgarbage()
  local grown = (collectgarbage "count" - before) / IDLE
  assert(#clients == IDLE) -- all of them live until here
  return report("an idle client", grown, "kB", KB_BAR)
end

local function churn()
  local early, late = output_of(as "churn"):match "(%d+)%s+(%d+)"
  if not early then
    print "  memory of the process: not measured, there is no /proc"
    return true
  end
  print(("  %d clients, made and dropped: %d kB after the first %d, "
    .. "%d kB at the end"):format(CHURN, early, CHURN / 10, late))
  return report("growth of the process", late / early, "x", GROWTH_BAR)
end

-- Memory, clocks and randomness are all that `new` may ask for.
local FORBIDDEN = {
  "^open", "^socket", "^connect", "^stat", "^newfstatat", "^access",
  "^read", "^write", "^send", "^recv", "^clone", "^fork", "^vfork",
}

local function system_calls()
  local text = output_of("strace " .. as "new" .. " 2>&1")
  local between = text:match(MARK .. "[^\n]*\n(.-)[^\n]*" .. MARK)
  if not between then
    print "  system calls of new: not counted, strace is not here"
    return true
  end
  local names, bad = {}, 0
  for name in ("\n" .. between):gmatch "\n([%w_]+)%(" do
    names[#names + 1] = name
    for _, pattern in ipairs(FORBIDDEN) do
      bad = bad + (name:find(pattern) and 1 or 0)
    end
  end
  print(("  system calls of new: %s"):format(
    #names == 0 and "none" or table.concat(names, " ")))
  return report("files and sockets of new", bad, "", 0)
end

if arg[1] then
  contender[arg[1]](select(2, (table.unpack or unpack)(arg)))
else
  print(("loading and making, %s: %d rounds"):format(
    jit and jit.version or _VERSION, ROUNDS))
  local met = time()
  met = idle() and met
  met = churn() and met
  met = system_calls() and met
  os.exit(met and 0 or 1)
end
