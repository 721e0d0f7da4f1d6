-- killed_writer: worker 1 kills the others one after the other while they
-- write, at random moments. After each the lock is free, what can be read is
-- complete, and the next caller leads at once. luacheck: read globals host
-- worker workers
local core = require "equinix.core"
local KILL = 9
local victim = core.tokens.open "written and killed"
local bystander = core.tokens.open "bystander"
local TURN, LAPS = 1, 2

local function times()
  local t = core.now() + 1000
  return { fresh = t, advisory = t, expires = t }
end

-- One letter throughout, so that a mix of two tokens is noticed.
local function write_for_ever()
  local letters = {}
  for i = 1, 26 do
    local letter = string.char(96 + i)
    letters[i] = { letter:rep(1000 + i * 500), letter:rep(20000 + i * 1000) }
  end
  while true do
    for i = 1, 26 do
      local _, lease = victim:acquire(nil, true)
      victim:publish(lease, letters[i][2], letters[i][1], times())
      host.tally(LAPS, 1)
    end
  end
end

local function check_whole()
  local state, _, header, record = victim:read()
  if state == "empty" then
    return true
  end
  assert(state == "fresh", state)
  local letter = header:sub(1, 1)
  local i = letter:byte() - 96
  assert(header == letter:rep(1000 + i * 500))
  assert(record == letter:rep(20000 + i * 1000))
  assert(victim:peek() == header)
  return false
end

local function kill(who)
  local laps = host.tally(LAPS)
  host.tally(TURN, 1)
  while host.tally(LAPS) < laps + 5 do
    host.nap()
  end
  for _ = 1, core.random() * 20000 do
    -- for a random part of a lap
  end
  host.kill(who, KILL)
  local emptied = check_whole()
  local start = core.now()
  local turn, lease = victim:acquire(nil, true)
  while turn == "wait" do -- the signal takes a moment
    assert(core.now() - start < 60, "its death was not noticed")
    victim:wait(1)
    turn, lease = victim:acquire(nil, true)
  end
  assert(turn == "lead", turn)
  emptied = check_whole() or emptied
  victim:fail(lease, nil, 0)
  assert(bystander:peek() == "Bearer bystander")
  return emptied
end

if worker > 1 then
  while host.tally(TURN) < worker - 1 do
    host.nap()
  end
  write_for_ever()
end

local _, lease = bystander:acquire()
bystander:publish(lease, "record", "Bearer bystander", times())
local emptied = 0
for who = 2, workers do
  emptied = emptied + (kill(who) and 1 or 0)
end
print(emptied .. " of " .. workers - 1 .. " were killed while writing")
