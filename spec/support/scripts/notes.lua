-- notes: more notes than there are places for. They displace no token and no
-- note that has to stay, and the one that was used least recently goes first.
-- However few tokens there are places for, there are 64 for notes.
local core = require "equinix.core"
local tokens = core.tokens
local NOTES = 64
local ours = tokens.open "ours"
local ends = core.now() + 1000
local _, lease = ours:acquire()
ours:publish(lease, "record", "Bearer ours",
  { fresh = ends, advisory = ends, expires = ends })

local function note(name, text, pinned)
  local slot = tokens.open(name, "note")
  local turn, granted, last, _, crowding = slot:acquire(nil, true)
  assert(turn == "lead", turn)
  slot:release(granted, text, pinned)
  slot:close()
  return last, crowding
end

assert(note("has to stay", "refused", true) == nil)
for i = 1, NOTES - 1 do
  local _, crowding = note("note " .. i, "text " .. i)
  assert(crowding == nil, i)
  core.sleep(0.0001) -- so that each has another time of use
end
local _, crowding = note("one more", "text")
assert(crowding == "evicted", crowding)
assert(note "note 2" == "text 2")
assert(note "has to stay" == "refused")
assert(select(2, note("note 1", "again")) == "evicted") -- it had gone
for i = 1, 5000 do
  note("stranger " .. i, "text", false)
end
assert(note "has to stay" == "refused")
assert(ours:peek() == "Bearer ours")
local info = tokens.info()
assert(info.evicted == 0 and info.private == 0)
assert(info.used == 1, info.used)

-- Where all have to stay, one more is this Lua state's alone.
local busy = {}
for i = 1, NOTES - 1 do
  busy[i] = tokens.open("busy " .. i, "note")
  assert(busy[i]:acquire(nil, true) == "lead", i)
end
assert(select(2, note("one too many", "text")) == "private")
assert(tokens.info().private == 1)
busy[1]:close()
assert(select(2, note("the next one", "text")) == nil)
assert(ours:peek() == "Bearer ours")
