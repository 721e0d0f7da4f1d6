--- session: one use of a store, from the first step to the last.
--
-- Law of this file: a store never makes a call fail. What it can't do, or
-- raises, is a miss and one event, and for the rest of the visit it is left
-- alone: a store that is down costs one time-out, not one for each step.
-- Only what was locked is still unlocked.

local M = {}

local MAX_REASON = 200 -- a user's own store may say anything

---@class equinix.Visit
---@field failed boolean
local Visit = {}
Visit.__index = Visit

-- Words for an event: short, printable, one line.
local function words(reason)
  local text = tostring(reason or "no reason was given")
  return (text:gsub("%c+", " "):sub(1, MAX_REASON))
end

--- Tells that something went wrong; the visit goes on.
---@param op string
---@param reason any
function Visit:tell(op, reason)
  self.emit("store_failed", { op = op, reason = words(reason) })
end

--- Tells it, and leaves the store alone from now on.
function Visit:fail(op, reason)
  if not self.failed then
    self.failed = true
    self:tell(op, reason)
  end
end

--- One step. The second value is only there where the first is false.
---@param op "load"|"save"|"lock"|"unlock"|"delete"
---@return any value nil: the step was not done
---@return any why "busy", "stale", or nil where the store failed
function Visit:step(op, ...)
  if self.failed and op ~= "unlock" then
    return nil
  end
  local store = self.store
  local ok, value, a, note = pcall(store[op], store, ...)
  if not ok then
    self:fail(op, value)
    return nil
  elseif note then
    self:tell(op, note)
  end
  if value then
    return value, a
  elseif a == "busy" and op == "lock" or a == "stale" and op == "save" then
    return nil, a
  elseif a ~= nil or op ~= "load" then
    self:fail(op, a)
  end
  return nil
end

--- Begins a visit.
---@param store table with the store's methods
---@param emit fun(name: string, fields: table)
---@return equinix.Visit
function M.new(store, emit)
  return setmetatable({ store = store, emit = emit, failed = false }, Visit)
end

return M
