-- bindings: more bound functions than a process has bindings of its own for.
-- Each returns what its own slot has, however many there are.
local slots = require "spec.support.slots"

local COUNT = 40

-- Made first, so finalized last, when all slots have been: a function that is
-- called then has nothing to return.
local last = {}
last.object = setmetatable({}, { __gc = function()
  print((last.get()))
end })

local function slow_of(i)
  return function(...)
    return "slow " .. i, ...
  end
end

local open, get = {}, {}
for i = 1, COUNT do
  open[i] = slots.open()
  get[i] = open[i]:bind(slow_of(i))
end

local function each(expected)
  for _ = 1, 3 do
    for i = 1, COUNT do
      local header, x = get[i](1)
      local wanted, also = expected(i)
      assert(header == wanted and x == also, i .. ": " .. tostring(header))
    end
  end
end

local function slowly(i)
  return "slow " .. i, 1
end

each(slowly)
for round = 1, 3 do
  for i = 1, COUNT do
    slots.fill(open[i], ("Bearer %d %d"):format(round, i))
  end
  each(function(i)
    return ("Bearer %d %d"):format(round, i)
  end)
end
-- Two functions of one slot, of which one has not been called for a while.
local one, other = open[1]:bind(slow_of "one"), open[1]:bind(slow_of "other")
assert(one() == "Bearer 3 1" and other() == "Bearer 3 1")
slots.fill(open[1], "Bearer new")
assert(one() == "Bearer new" and get[1]() == "Bearer new")
assert(other() == "Bearer new")
open[1]:reopen(slots.new_key())
slots.fill(open[1], "Bearer of another key")
assert(get[1]() == "Bearer of another key" and other() == get[1]())

open[1]:forget()
for i = 2, COUNT do
  if i % 2 == 0 then
    open[i]:close()
  else
    slots.fill(open[i], "Bearer x", slots.ADVISORY)
  end
end
each(slowly)
slots.fill(open[3], "Bearer last")
last.get = get[3]
assert(last.get() == "Bearer last")
