-- crowd: all workers use more names than the table has places. Whatever is
-- evicted, moved or private meanwhile, a header is always that of its name.
-- With an argument worker 1 kills the others, one after the other; what they
-- left is put right. luacheck: read globals host worker workers
local core = require "equinix.core"
local tokens = core.tokens
local KILL = 9
local LAPS = 1
local NAMES, NOTES, SECONDS = 40, 100, 1.5 -- 64 places for notes
local kills = (...) ~= nil

local function name_of(i)
  return ("crowd %d"):format(i)
end

local function check(slot, name)
  local header = slot:peek()
  assert(header == nil or header == "Bearer of " .. name, header)
  local _, _, read, record = slot:read()
  assert(read == nil or read == "Bearer of " .. name, read)
  assert(record == nil or record == "" or record == "record of " .. name,
    record)
end

local function use(slot, name)
  check(slot, name)
  local turn, lease = slot:acquire()
  if turn == "lead" then
    local ends = core.now() + core.random() * 0.02
    if core.random() < 0.2 then
      slot:fail(lease, "failure", core.random() * 0.01)
    else
      slot:publish(lease, "record of " .. name, "Bearer of " .. name,
        { fresh = ends, advisory = ends, expires = ends })
    end
  end
  check(slot, name)
end

local function note(i)
  local slot = tokens.open(name_of(i), "note")
  local turn, lease, last = slot:acquire(nil, true)
  if turn == "lead" then
    assert(last == nil or last == "note of " .. i, last)
    slot:release(lease, "note of " .. i, i % 3 == 0)
  end
  slot:close()
end

local kept = {}
local function lap()
  local i = math.floor(core.random() * NAMES) + 1
  local name = name_of(i)
  kept[i] = kept[i] or tokens.open(name)
  use(kept[i], name)
  if core.random() < 0.3 then
    kept[i]:close()
    kept[i] = nil
  end
  note(math.floor(core.random() * NOTES) + 1)
  host.tally(LAPS, 1)
end

local stop = core.now() + SECONDS
if kills and worker > 1 then
  stop = math.huge -- until it is killed
end
local victim = 2
-- Worker 1 may be slow; the others run until it has killed them.
local function has_victims()
  return kills and worker == 1 and victim <= workers
end
while core.now() < stop or has_victims() do
  lap()
  if has_victims() and host.tally(LAPS) > victim * 200 then
    host.kill(victim, KILL)
    victim = victim + 1
    stop = core.now() + SECONDS
  end
end
for i = 1, NAMES do
  use(tokens.open(name_of(i)), name_of(i))
end
local info = tokens.info()
assert(info.used <= info.slots, info.used)
