--- await: waits for something that another caller does, as this host allows.
--
-- Law of this file: one loop for all that is polled. Between two tries only
-- the transport's sleep is used, so other callers in the same thread go on;
-- the pause grows, and no wait goes beyond its deadline. Where waiting blocks
-- the thread, the cache itself wakes the waiter, and nothing is polled.

local core = require "equinix.core"

local M = {}

---@class equinix.PollPace pauses between two tries, in seconds
---@field first number doubled with each try
---@field longest number

---@type equinix.PollPace
local CACHE = { first = 0.005, longest = 0.1 } -- a look costs next to nothing

--- The pace for a store: each try is a step there.
---@type equinix.PollPace
M.STORE = { first = 0.02, longest = 0.25 }

--- Tries again and again until there is a result. The first try is made at
-- once, the last one at the deadline.
---@param transport table the port
---@param pace equinix.PollPace
---@param deadline number on core.now()
---@param try fun(again: boolean): ... returns nil to go on waiting; `again` is
---  false in the first call
---@return any ... up to four results of `try`; nil: the deadline passed
function M.poll(transport, pace, deadline, try)
  local pause = pace.first
  local what, a, b, c = try(false)
  while what == nil do
    local left = deadline - core.now()
    if left <= 0 then
      return nil
    end
    transport.sleep(math.min(pause, left))
    pause = math.min(pace.longest, pause * 2)
    what, a, b, c = try(true)
  end
  return what, a, b, c
end

--- Waits for the end of a renewal that another caller leads.
---@param transport table the port
---@param slot userdata of tokens.open
---@param renewal any as slot:acquire() named it
---@param seconds number at most
---@return string what as slot:result(); "pending": it has not ended
---@return any ... what slot:result() returns with it
function M.renewal(transport, slot, renewal, seconds)
  if transport.blocking then
    slot:wait(seconds, renewal)
    return slot:result(renewal)
  end
  local what, a, b, c = M.poll(transport, CACHE, core.now() + seconds,
    function()
      local state, x, y, z = slot:result(renewal)
      if state ~= "pending" then
        return state, x, y, z
      end
    end)
  return what or "pending", a, b, c
end

return M
