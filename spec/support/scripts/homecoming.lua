-- homecoming: with all entries reserved a key gets a private one, and goes
-- back to the common table when there is room.
local core = require "equinix.core"
local tokens = core.tokens
local SLOTS = tokens.info().slots

local function times(life)
  local t = core.now() + life
  return { fresh = t, advisory = t, expires = t }
end

local function fill(slot, header)
  local turn, lease = slot:acquire(nil, true)
  assert(turn == "lead", turn)
  assert(slot:publish(lease, "record of " .. header, header, times(1000)))
end

local function open(key)
  return tokens.open("full " .. key)
end

local pinned = {}
for i = 1, SLOTS do
  pinned[i] = open("pinned " .. i)
  local turn = pinned[i]:acquire(nil, nil, math.huge)
  assert(turn == "lead")
end
assert(tokens.info().used == SLOTS)
local one, two = open "one too many", open "one too many"
fill(one, "Bearer private")
assert(two:peek() == "Bearer private") -- one entry for a state
local hit = two:bind()
assert(hit() == "Bearer private")
local _, lease = one:acquire(nil, true)
local turn, found = two:acquire(nil, true)
assert(turn == "wait" and found == lease)
assert(one:reject((select(2, two:read()))))
assert(hit() == nil)
one:close()
assert(two:result(lease) == "gone")
fill(two, "Bearer still private")
two:close()
assert(hit() == nil)
-- a private entry ends with its last slot
assert(select(2, open("one too many"):peek()) == "empty")
-- an entry gets free: the next new key is in the common table again
pinned[1]:close()
local key = open "the next"
fill(key, "Bearer common")
key:close()
assert(open("the next"):peek() == "Bearer common")

-- And so is the key that was private: what it held moves with it, and other
-- states see it.
pinned[1] = open "the next"
assert(pinned[1]:acquire(nil, true, math.huge) == "lead")
local late = open "too late"
fill(late, "Bearer late")
assert(select(2, tokens.open("full too late"):read()) % 2 == 1)
local late_hit = late:bind()
assert(late_hit() == "Bearer late")
local before = tokens.info().private
pinned[2]:close()
local limit = core.now() + 60 -- it asks for a place once a second
repeat
  assert(late_hit() == "Bearer late")
  assert(core.now() < limit)
  core.sleep(0.01)
until select(2, late:read()) % 2 == 0 -- a number of the common table
assert(late_hit() == "Bearer late")
late:close()
assert(open("too late"):peek() == "Bearer late")
assert(tokens.info().private == before)
