-- stores: opens a store that a string names, for scripts in other processes.

local M = {}

--- Opens "file /folder" or "redis 6379".
---@param text string
---@return table store
function M.open(text)
  local kind, address = text:match "^(%w+) (.+)$"
  if kind == "redis" then
    -- A long timeout, since the specs keep the machine busy.
    return assert(require "equinix.store.redis" {
      port = tonumber(address), timeout = 10,
    })
  end
  return assert(require "equinix.store.file" { dir = address })
end

return M
