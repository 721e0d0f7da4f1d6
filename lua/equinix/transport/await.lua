--- await: waits for the end of somebody else's flight, as this host allows.
--
-- Law of this file: where waiting blocks the thread the cache wakes it; where
-- others run in the same thread nothing but the transport's sleep is used.

local core = require "equinix.core"

local FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1 -- seconds

--- Waits `seconds` at most and returns the flight's outcome, "pending" when
--- it is not over.
---@param transport table the port
---@param slot userdata a place in the cache
---@param flight any as slot:acquire() named it
---@param seconds number
return function(transport, slot, flight, seconds)
  if transport.blocking then
    slot:wait(seconds, flight)
    return slot:result(flight)
  end
  local give_up, pause = core.now() + seconds, FIRST_PAUSE
  while true do
    local what, a, b, c = slot:result(flight)
    local left = give_up - core.now()
    if what ~= "pending" or left <= 0 then
      return what, a, b, c
    end
    transport.sleep(math.min(pause, left))
    pause = math.min(LONGEST_PAUSE, pause * 2)
  end
end
