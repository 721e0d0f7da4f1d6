--- counters: what is counted for all callers that share a slot.

local M = {}

local PLACES = { token_requests = 1, tokens = 2, failures = 3,
  rejections = 4 }

--- Counts one more of them.
---@param slot equinix.slot
---@param name "token_requests"|"tokens"|"failures"|"rejections"
function M.count(slot, name)
  slot:count(PLACES[name], 1)
end

--- All of them; of no slot, zeros.
---@param slot equinix.slot|nil
---@return table<string, integer>
function M.all(slot)
  local counts, all = slot and slot:counters() or {}, {}
  for name, i in pairs(PLACES) do
    all[name] = counts[i] or 0
  end
  return all
end

return M
