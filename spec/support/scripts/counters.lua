-- counters: no count is lost when many count at once, and all share one
-- window. luacheck: read globals host workers
local core = require "equinix.core"
local slot = core.tokens.open "counters"

host.barrier()
for i = 1, 1000 do
  slot:count(1)
  slot:count(2, i)
  if slot:rate_limit(5, math.huge) then
    host.tally(1, 1)
  end
end
host.barrier()
local counters = slot:counters()
assert(counters[1] == 1000 * workers, counters[1])
assert(counters[2] == 500500 * workers, counters[2])
assert(host.tally(1) == 5, host.tally(1))
