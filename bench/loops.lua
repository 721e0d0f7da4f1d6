-- loops: 500 authenticated GETs of a second each, all at once, in the loops of
-- other programs, beside C on curl_multi_socket_action (bench/loops.c), and
-- beside the HTTP clients of these loops.
--
--   lua bench/loops.lua                     compares, prints ratios
--   lua bench/loops.lua client NAME URL     a contender of side.lua
--
-- lua-http and copas are measured where they can be required. BEFORE may name
-- another checkout, with a build, whose own loop is measured beside ours.
--
-- Bars: CPU at most 2.0 times that of C, at most half of lua-http's; the wall
-- at most 1.15 s; the loop's own timer, each 10 ms, is late by 10 ms at most
-- (99 of 100 times) and by 20 ms ever; our own loop costs at most half of what
-- it did BEFORE.
local COUNT, ROUNDS, TICK = 500, 5, 0.01
local C_BAR, LUA_HTTP_BAR, BEFORE_BAR = 2.0, 0.5, 0.5
local WALL_BAR, P99_BAR, MAX_BAR = 1.15, 0.010, 0.020

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = os.getenv "BUILD" or "build"
package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = BUILD .. "/" .. LUA .. "/?.so;" .. package.cpath

local runners = require "bench.loop_runners"
local side = require "bench.side"

-- A contender: COUNT calls at once, while a timer notes how late it is.
local function client(name, url)
  local now = require("equinix.core").now
  local runner = runners[name](url)
  runner.run(1) -- it has a token
  for line in io.lines() do
    local count, late, last = tonumber(line), {}, now()
    local cpu, wall = os.clock(), last
    runner.run(count, TICK, function()
      local here = now()
      late[#late + 1], last = math.max(0, here - last - TICK), here
    end)
    cpu, wall = os.clock() - cpu, now() - wall
    table.sort(late)
    print(("%.6f %.6f %.6f %.6f"):format(cpu, wall,
      late[math.ceil(#late * 0.99)] or 0, late[#late] or 0))
    io.stdout:flush()
  end
end

local function can(...)
  for _, name in ipairs { ... } do
    if not pcall(require, name) then
      return false
    end
  end
  return true
end

local function contenders(url)
  local list = { { name = "C socket_action",
    command = BUILD .. "/bench/loops " .. url } }
  local function add(name, folder)
    list[#list + 1] = { name = folder and "own loop BEFORE" or name,
      command = ("%s%s bench/loops.lua client %s %s"):format(folder
        and "env CHECKOUT=" .. folder .. " " or "", arg[-1], name, url) }
  end
  if can "luv" then
    add "luv"
  end
  if can "cqueues" then
    add "cqueues"
  end
  if can("cqueues", "http.request") then
    add "lua-http"
  end
  if can "copas" then
    add "copas"
    add "copas.http"
  end
  add "own"
  local before = os.getenv "BEFORE"
  if before then
    add("own", before)
  end
  return list
end

-- The medians of the rounds: one round may be late through other programs.
local function timer_of(result)
  local p99, max = {}, {}
  for i, text in ipairs(result.more) do
    p99[i], max[i] = text:match "(%S+) (%S+)"
    p99[i], max[i] = tonumber(p99[i]), tonumber(max[i])
  end
  return side.median(p99), side.median(max)
end

local function judge(what, value, bar, unit)
  local fine = value <= bar
  side.missed = side.missed or not fine
  print(("  %s: %.3f%s, the bar is at most %.3f%s: %s"):format(what, value,
    unit, bar, unit, fine and "met" or "MISSED"))
end

local function judge_all(results)
  local by_name = {}
  for _, result in ipairs(results) do
    by_name[result.name] = result
  end
  for _, name in ipairs { "luv", "cqueues" } do
    local r = by_name[name]
    if r then
      local p99, max = timer_of(r)
      judge(name .. ", CPU beside C", r.cpu_ratio, C_BAR, "x")
      judge(name .. ", wall", r.wall, WALL_BAR, " s")
      judge(name .. ", its timer, p99", p99, P99_BAR, " s")
      judge(name .. ", its timer, longest", max, MAX_BAR, " s")
      if by_name["lua-http"] then
        judge(name .. ", CPU beside lua-http", r.cpu
          / by_name["lua-http"].cpu, LUA_HTTP_BAR, "x")
      end
    end
  end
  if by_name["own loop BEFORE"] then
    judge("our own loop, CPU beside BEFORE", by_name.own.cpu
      / by_name["own loop BEFORE"].cpu, BEFORE_BAR, "x")
  end
end

local SERVER = [[
  keepalive_timeout 600s;
  default_type application/json;
  location = /oauth2/v1/token {
    return 200 '{"access_token":"qwErtY8zyW1abcdefGHI",
"token_timeout":"3600","user_name":"bench","token_type":"Bearer"}';
  }
  location = /second {
    content_by_lua_block { ngx.sleep(1) ngx.print '{"data":[]}' }
  }
]]

local function compare()
  local nginx = require("spec.support.nginx").start { server = SERVER }
  local done, problem = pcall(function()
    print(("loops, %d calls of 1 s at once, %s: %d rounds"):format(COUNT,
      jit and jit.version or _VERSION, ROUNDS))
    local results = side.rounds(contenders(nginx.url .. "/second"), ROUNDS,
      COUNT)
    side.show(results, COUNT)
    judge_all(results)
  end)
  nginx:stop()
  if not done then
    error(problem, 0)
  end
end

if arg[1] then
  client(arg[2], arg[3])
else
  compare()
  os.exit(not side.missed)
end
