-- torture: every allocation of the listed calls fails (`make torture`). Prints
-- a line for each call, and ends with 1 if one ended in a fault.
--
--   ON="lua5.4 nginx" CALLS="token get" STEP=97 lua5.4 tools/torture.lua
--
-- Each is a part: WHAT=lua|c (whose allocations), MODES=once|on, OVER=http|
-- https, STORES="- file redis", FIRST and STEP (only every so many). TRACE=1
-- shows where each was asked for.
require "spec.support.init"
local redis = require "spec.support.redis"
local torture = require "spec.support.torture"
local torture_nginx = require "spec.support.torture_nginx"

local function words(text)
  local set = {}
  for word in (text or ""):gmatch "%S+" do
    set[#set + 1], set[word] = word, true
  end
  return set
end

local luas = words(os.getenv "ON" or "lua5.4 luajit nginx")
local first = tonumber(os.getenv "FIRST" or 1)
local step = tonumber(os.getenv "STEP" or 1)
local wanted = {}
for _, name in ipairs { "CALLS", "WHAT", "MODES", "OVER", "STORES" } do
  wanted[name] = os.getenv(name) and words(os.getenv(name))
end

local function over(case)
  return case.tls and "https" or "http"
end

local function is_wanted(case)
  local words_of = { CALLS = case.name, WHAT = case.what, MODES = case.mode,
    OVER = over(case), STORES = case.store or "-" }
  for name, set in pairs(wanted) do
    if not set[words_of[name]] then
      return false
    end
  end
  return true
end

io.stdout:setvbuf "line"
local missing = torture.missing()
if missing then
  print("skipped: " .. missing)
  return
end

local stores = redis.missing() and { "file" } or { "file", "redis" }
if #stores == 1 then
  print("skipped with Redis: " .. redis.missing())
end

local world = torture.start { tls = true, plain = true, redis = true }
local failed = 0

local function run_all(lua, cases, run)
  for _, case in ipairs(cases) do
    if is_wanted(case) then
      local started = os.time()
      local output, ok = run(case, { lua = lua, first = first, step = step })
      failed = failed + (ok and 0 or 1)
      print(("%-6s %-3s %-4s %-5s %-5s %-8s %s (%d s)"):format(lua, case.what,
        case.mode, over(case), case.store or "-",
        case.name, output:match "[^\n]*$", os.difftime(os.time(), started)))
      if not ok or os.getenv "TRACE" then
        print(output)
      end
    end
  end
end

local function run_in_nginx()
  missing = torture_nginx.missing()
  if missing then
    print("skipped in nginx: " .. missing)
    return
  end
  for _, tls in ipairs { false, true } do
    local own = torture_nginx.start(tls and world.tls or world.plain)
    run_all("nginx", torture_nginx.cases(tls), function(case, o)
      return torture_nginx.run(own, case, o)
    end)
    own:stop()
  end
end

for _, lua in ipairs(luas) do
  if lua == "nginx" then
    run_in_nginx()
  else
    run_all(lua, torture.cases(stores), function(case, o)
      return torture.run(world, case, o)
    end)
  end
end
world:stop()
print(failed == 0 and "no faults" or failed .. " calls with faults")
os.exit(failed == 0 and 0 or 1)
