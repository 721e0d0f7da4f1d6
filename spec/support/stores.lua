-- stores: a store out of one word and its place, for what crosses processes.

local M = {}

--- Opens "file /folder" or "redis 6379".
---@param text string
---@return table store
function M.open(text)
  local kind, place = text:match "^(%w+) (.+)$"
  if kind == "redis" then
    -- A machine that is busy with specs is no Redis that is slow.
    return assert(require "equinix.store.redis" {
      port = tonumber(place), timeout = 10,
    })
  end
  return assert(require "equinix.store.file" { dir = place })
end

return M
