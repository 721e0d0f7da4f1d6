-- places: a table with as many places as EQUINIX_CACHE_PLACES says, which is
-- the argument. As many tokens are all served; one more takes the place of the
-- one that was used least recently, and says so.
local core = require "equinix.core"
local tokens = core.tokens
local PLACES = tonumber((...))

local function fill(name)
  local slot = tokens.open(name)
  local turn, lease, _, _, crowding = slot:acquire()
  assert(turn == "lead", turn)
  local ends = core.now() + 1000
  assert(slot:publish(lease, "record", "Bearer " .. name,
    { fresh = ends, advisory = ends, expires = ends }))
  return crowding, slot
end

local function header(name)
  return tokens.open(name):peek()
end

assert(tokens.info().slots == PLACES, tokens.info().slots)
assert(tokens.info().mistake == nil)
for i = 1, PLACES do
  assert(fill("account " .. i) == nil)
end
for i = 1, PLACES do
  assert(header("account " .. i) == "Bearer account " .. i, i)
end
assert(tokens.info().used == PLACES)
assert(tokens.info().evicted == 0)

-- Notes have places of their own.
for i = 1, PLACES + 100 do
  local note = tokens.open("note " .. i, "note")
  local turn, lease = note:acquire()
  assert(turn == "lead")
  note:release(lease, "a note", false)
end
assert(tokens.info().evicted == 0)

-- Every one but `idle` is used once more: it has to go.
local idle = math.ceil(PLACES / 2)
core.sleep(0.02) -- the time of use is as coarse as the kernel's tick
for i = 1, PLACES do
  if i ~= idle then
    assert(header("account " .. i))
  end
end
assert(fill "one more" == "evicted")
assert(header("account " .. idle) == nil)
assert(header "one more")
for i = 1, PLACES do
  assert(i == idle or header("account " .. i), i)
end
assert(tokens.info().evicted == 1)
assert(tokens.info().used == PLACES)

-- A token that is over is no loss.
local _, last = fill("account " .. idle)
assert(tokens.info().evicted == 2)
last:forget()
core.sleep(0.02)
for i = 1, PLACES do
  header("account " .. i)
end
assert(fill "another" == nil)
assert(tokens.info().evicted == 2)
