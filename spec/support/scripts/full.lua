-- full: more keys than entries. The least used are evicted first, an entry
-- with a lease or a back-off never is, and with all entries reserved a key
-- gets a private one.
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

-- Now every entry is reserved.
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
-- a private entry ends with its last slot
assert(select(2, open("one too many"):peek()) == "empty")
-- an entry gets free: the next new key is in the common table again
pinned[1]:close()
local key = open "the next"
fill(key, "Bearer common")
key:close()
assert(open("the next"):peek() == "Bearer common")
