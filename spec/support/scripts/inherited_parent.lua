-- inherited_parent: runs in the parent, before the fork; leads a renewal that
-- never ends.
local tokens = require("equinix.core").tokens
local slot = tokens.open "the parent's"
local result, renewal = slot:acquire(nil, nil, math.huge)
assert(result == "lead")
-- The same at a private entry.
local alone = tokens.open("the parent's", nil, true)
assert(alone:acquire(nil, nil, math.huge) == "lead")
return { slot = slot, renewal = renewal, alone = alone }
