-- full: more keys than entries. The least used are evicted first, an entry
-- with a lease or a back-off never is.
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

-- A latch and a renewal under way, then more keys than there are entries.
local latched, renewing = open "latched", open "renewing"
local _, lease = latched:acquire()
latched:fail(lease, "locked", math.huge)
local _, renewal = renewing:acquire(nil, nil, math.huge)
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
  core.sleep(0.0001) -- so that each has another time of use
end
assert(tokens.info().used == SLOTS)
assert(select(3, latched:acquire()) == "locked")
assert(renewing:result(renewal) == "pending")
-- a token whose failures are counted is evicted after all others
assert(select(3, failed:acquire(nil, true)) == "count me")
-- 4 of the entries are those above: the rest has the last keys, in order
assert(open(SLOTS * 2 - (SLOTS - 4) + 1):peek())
assert(not open(SLOTS * 2 - (SLOTS - 4)):peek())

-- Failures without a back-off and without a token displace no token.
for i = 1, SLOTS * 2 do
  local slot = open("stranger " .. i)
  local _, theirs = slot:acquire()
  slot:fail(theirs, "refused", 0)
end
assert(popular:peek() == "Bearer popular")
assert(open(SLOTS * 2):peek())

-- The copy of an evicted token is dropped with it, by every method.
assert(early:read() == "empty")
assert(select(2, early:peek()) == "empty")
fill(early, "Bearer early again")
assert(early:peek() == "Bearer early again")

-- The first slot of an evicted key notices, and gets an entry again.
local gone = open(1)
assert(select(2, gone:peek()) == "empty")
fill(gone, "Bearer again")
assert(open(1):peek() == "Bearer again")
