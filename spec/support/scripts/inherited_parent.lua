-- Runs in the parent, before the fork: leads a flight and never lands.
local tokens = require("equinix.core").tokens
local slot = tokens.open "the parent's"
local turn, flight = slot:acquire(nil, nil, math.huge)
assert(turn == "lead")
-- The same at a place that no other process sees.
local alone = tokens.open("the parent's", true)
assert(alone:acquire(nil, nil, math.huge) == "lead")
return { slot = slot, flight = flight, alone = alone }
