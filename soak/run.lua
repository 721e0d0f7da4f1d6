-- run: hours of calls while everything around them fails: `make soak HOURS=4`.
--
-- Laws of this folder:
-- - real parts only: the emulator over TLS, a Redis Cluster, nginx, processes
--   on two Luas. Each part may fail at random, one after the other;
-- - what may go wrong is said before: a GET never fails; a POST fails only
--   where the server broke it off on purpose; none is done twice; no refresh
--   token is presented twice; memory and descriptors stay as they are after
--   the first quarter. Anything else is a failure of the run;
-- - the judge of POSTs (receiver) and the log of the emulator count, not the
--   callers alone.
--
-- HOURS (0.05), RATE (calls a second in all, 70), SEED, LIFETIME of a token
-- (10 s). It writes what happened to build/soak.
local json = require "equinix.base.json"
local process = require "spec.support.process"
local samples = require "soak.samples"
local troubles = require "soak.troubles"
local worlds = require "soak.world"

local seed = tonumber(os.getenv "SEED") or os.time()
math.randomseed(seed)
local seconds = (tonumber(os.getenv "HOURS") or 0.05) * 3600
local EVERY = 10 -- seconds between two samples

local function say(format, ...)
  io.stdout:write(os.date "!%H:%M:%S ", format:format(...), "\n")
  io.stdout:flush()
end

-- Troubles and samples, until the time is over or a program has ended.
local function go_on(world)
  local ends, next_sample = os.time() + seconds, os.time() + EVERY
  local log, counts = samples.new(world), {}
  while os.time() < ends do
    local name = troubles.next(world)
    counts[name] = (counts[name] or 0) + 1
    local pause = os.time() + math.random(2, 6)
    repeat
      world:look()
      if os.time() >= next_sample then
        log:take()
        next_sample = next_sample + EVERY
      end
      process.eventually(function() end, 1)
    until os.time() >= pause
    if world:ended() then
      error("a program has ended: " .. world:ended(), 0)
    end
  end
  troubles.calm(world)
  return log, counts
end

local function list(counts)
  local names = {}
  for name, count in pairs(counts) do
    names[#names + 1] = ("%d %s"):format(count, name)
  end
  table.sort(names)
  return table.concat(names, ", ")
end

-- What the run has broken of what was promised; a line each.
local function judge(world, log)
  local verdict = world:verdict()
  local broken = log:growth()
  local function must_be_none(count, what)
    if count ~= 0 then
      broken[#broken + 1] = ("%d %s"):format(count, what)
    end
  end
  must_be_none(verdict.undue, "calls failed that were not to fail")
  must_be_none(verdict.twice, "POSTs were done twice")
  must_be_none(verdict.lost, "POSTs were said to be done and were not")
  must_be_none(verdict.refused, "refresh tokens were refused")
  say("%d calls, %d of them POSTs; %d token requests, %d by refresh tokens; "
    .. "%d POSTs broken off on purpose, %d connections lost with a worker",
    verdict.calls, verdict.posts, verdict.requests, verdict.refreshed,
    verdict.due, verdict.cut)
  for _, line in ipairs(verdict.messages) do
    say("  %s", line)
  end
  return broken
end

local world = worlds.start {
  lifetime = tonumber(os.getenv "LIFETIME") or 10,
  rate = tonumber(os.getenv "RATE") or 70,
}
say("seed %d, %d s, %s", seed, seconds, world.dir)
local ok, log, counts = xpcall(go_on, debug.traceback, world)
local broken = { not ok and tostring(log) or nil }
if ok then
  world:finish()
  say("troubles: %s", list(counts))
  broken = judge(world, log)
  say("%s", log:summary())
  assert(require("equinix.base.file").write(world.dir .. "/verdict.json",
    assert(json.encode(world:verdict()))))
end
world:stop()
for _, line in ipairs(broken) do
  say("BROKEN: %s", line)
end
say(#broken == 0 and "nothing was broken" or "the run has failed")
os.exit(#broken == 0 and 0 or 1, true)
