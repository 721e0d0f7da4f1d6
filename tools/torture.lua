-- torture: every allocation of the listed calls fails (`make torture`). Prints
-- a line for each call, and ends with 1 if one ended in a fault.
--
--   LUAS="lua5.4 luajit" CALLS="token get" STEP=97 lua5.4 tools/torture.lua
--
-- STEP: only every so many allocations.
require "spec.support.init"
local redis = require "spec.support.redis"
local torture = require "spec.support.torture"

local function words(text)
  local set = {}
  for word in (text or ""):gmatch "%S+" do
    set[#set + 1], set[word] = word, true
  end
  return set
end

local luas = words(os.getenv "LUAS" or "lua5.4 luajit")
local calls = words(os.getenv "CALLS")
local step = tonumber(os.getenv "STEP" or 1)

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
for _, lua in ipairs(luas) do
  for _, case in ipairs(torture.cases(stores)) do
    if #calls == 0 or calls[case.name] then
      local started = os.time()
      local output, ok = torture.run(world, case, { lua = lua, step = step })
      failed = failed + (ok and 0 or 1)
      print(("%-6s %-3s %-4s %-5s %-5s %-8s %s (%d s)"):format(lua, case.what,
        case.mode, case.tls and "https" or "http", case.store or "-",
        case.name, output:match "[^\n]*$", os.difftime(os.time(), started)))
      if not ok then
        print(output)
      end
    end
  end
end
world:stop()
print(failed == 0 and "no faults" or failed .. " calls with faults")
os.exit(failed == 0 and 0 or 1)
