-- More keys than places: the least used go first, a lease or a back-off is
-- never given away, and with all places taken for good a key is private.
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

-- A latch and a running flight, then more keys than there are places.
local latched, flying = open "latched", open "flying"
local _, lease = latched:acquire()
latched:fail(lease, "locked", math.huge)
local _, flight = flying:acquire(nil, nil, math.huge)
local failed = open "failed once"
fill(failed, "Bearer failed")
_, lease = failed:acquire(nil, true)
failed:fail(lease, "count me", 0)
local popular = open "popular"
fill(popular, "Bearer popular")

local early = open "early"
fill(early, "Bearer early")
assert(early:peek() == "Bearer early") -- has a copy of it

for i = 1, SLOTS * 2 do
  fill(open(i), "Bearer " .. i)
  local header, state = popular:peek()
  assert(header == "Bearer popular", state)
  core.sleep(0.0001) -- so that the clock tells their uses apart
end
assert(tokens.info().used == SLOTS)
assert(select(3, latched:acquire()) == "locked")
assert(flying:result(flight) == "pending")
-- a token whose failures are counted goes after all others
assert(select(3, failed:acquire(nil, true)) == "count me")
-- 4 of the places are those above: the rest has the last keys, in order
assert(open(SLOTS * 2 - (SLOTS - 4) + 1):peek())
assert(not open(SLOTS * 2 - (SLOTS - 4)):peek())

-- Failures that hold nobody back and have no token drive out none.
for i = 1, SLOTS * 2 do
  local slot = open("stranger " .. i)
  local _, theirs = slot:acquire()
  slot:fail(theirs, "refused", 0)
end
assert(popular:peek() == "Bearer popular")
assert(open(SLOTS * 2):peek())

-- The copy of an evicted token goes with it, however one asks.
assert(early:read() == "empty")
assert(select(2, early:peek()) == "empty")
fill(early, "Bearer early again")
assert(early:peek() == "Bearer early again")

-- The first slot of an evicted key finds out and comes back.
local gone = open(1)
assert(select(2, gone:peek()) == "empty")
fill(gone, "Bearer again")
assert(open(1):peek() == "Bearer again")

-- Now every place is taken for good.
local pinned = {}
for i = 1, SLOTS do
  pinned[i] = open("pinned " .. i)
  local turn = pinned[i]:acquire(nil, nil, math.huge)
  assert(turn == "lead")
end
assert(tokens.info().used == SLOTS)
local one, two = open "one too many", open "one too many"
fill(one, "Bearer private")
assert(two:peek() == "Bearer private") -- one state, one place
local hit = two:bind()
assert(hit() == "Bearer private")
_, lease = one:acquire(nil, true)
local turn, found = two:acquire(nil, true)
assert(turn == "wait" and found == lease)
assert(one:reject((select(2, two:read()))))
assert(hit() == nil)
one:close()
assert(two:result(lease) == "gone")
fill(two, "Bearer still private")
two:close()
assert(hit() == nil)
-- with its last slot a private place is gone
assert(select(2, open("one too many"):peek()) == "empty")
-- a place gets free: the next new key is common again
pinned[1]:close()
local key = open "the next"
fill(key, "Bearer common")
key:close()
assert(open("the next"):peek() == "Bearer common")
