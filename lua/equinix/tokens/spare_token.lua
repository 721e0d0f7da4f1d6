--- spare_token: a token that its leader could not save when it should have.
--
-- Law of this file: the leader went alone, or its lock has ended, so another
-- process may have saved something newer: the lock is taken afterwards, and
-- what is newer stays. Where another one has the lock, the token is left at
-- the successor's place: who gets the lock next looks there. What the store
-- said it will never do is not tried again.

local core = require "equinix.core"

local M = {}

local LATER = 10 -- seconds for which it is tried again
local STEP = 1 -- seconds for all steps of one try then
local FIRST, LONGEST = 0.25, 2 -- pauses, in seconds

local function is_newer(there, new)
  return there.token and (tonumber(there.issued) or 0) > new.issued
end

-- At the place where all look first. -> whether it need not be saved any more
-- | false, "busy"
local function save_at_main(main, new)
  if main.lease then
    return main:save(new)
  end
  local taken, busy = main:take()
  if not taken then
    return false, busy
  end
  return main:read() and (is_newer(main.record, new) or main:save(new))
end

--- Tries to save it.
---@param peers equinix.Peers
---@param new table a record
---@return table|nil unsaved nil: it is saved, or never will be
function M.save(peers, new)
  local session, successor = peers.session, peers.successor
  if not session:again() then
    return nil
  end
  local left = successor.lease and successor:save(new)
  local saved, busy = save_at_main(peers.main, new)
  if busy and not left and not successor.lease and successor:take() then
    left = successor:read()
      and (is_newer(successor.record, new) or successor:save(new))
  end
  local failed = session.failed
  return not saved and not left and not (failed and failed.temporary == false)
    and new or nil
end

--- Goes on trying, for a while; waits in between.
---@param peers equinix.Peers
---@param unsaved table|nil of save
---@param wanted fun(): boolean asked before each try
function M.save_later(peers, unsaved, wanted)
  local ends, pause = core.now() + LATER, FIRST
  while unsaved and core.now() < ends do
    peers.transport.sleep(pause)
    pause = math.min(LONGEST, pause * 2)
    peers.session:within(core.now() + STEP)
    unsaved = wanted() and M.save(peers, unsaved) or nil
    peers:release()
  end
end

return M
