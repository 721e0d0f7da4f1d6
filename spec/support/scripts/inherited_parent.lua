-- Runs in the parent, before the fork: leads a flight and never lands.
local slot = require("equinix.core").tokens.open "the parent's"
local turn, flight = slot:begin(nil, nil, math.huge)
assert(turn == "lead")
return { slot = slot, flight = flight }
