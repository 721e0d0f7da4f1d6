--- curl_transfers: calls that one caller has under way side by side, where
--- waiting blocks the OS thread.
--
-- Law of this file: they move while their caller waits for one of them. They
-- belong to this object, which has an engine of its own: when it is dropped
-- the engine is, too, and all that is under way with it. An engine that is
-- given back is kept, with its connections, for the next caller.

local core = require "equinix.core"

local M = {}

local KEPT = 2 -- engines

local kept = {} -- nothing is under way in them

---@class equinix.BlockingTransfers: equinix.Transfers
---@field private engine? equinix.engine
---@field private known table<integer, true> under way
---@field private process integer that began them
local Transfers = {}
Transfers.__index = Transfers

local function engine_of(self)
  if not self.engine then
    self.engine = table.remove(kept) or core.engine()
  end
  return self.engine
end

--- Begins a transfer.
---@param request equinix.transport.request
---@param seconds number limit for the whole transfer
---@return integer|nil number
---@return equinix.transport.err|nil transport_err
function Transfers:start(request, seconds)
  local number, transport_err = engine_of(self):start(core.prepare(request),
    seconds)
  if number then
    self.known[number] = true
  end
  return number, transport_err
end

-- After a fork: what was under way is the parent's.
local function moved(self)
  local ended = {}
  for number in pairs(self.known) do
    ended[#ended + 1] = { number = number, moved = true }
  end
  self.known, self.process = {}, core.pid()
  return ended
end

--- Waits until one of them has ended; see async_transfers.
---@param seconds number at most; 0: sends and receives what is possible now
---@return table[] results
function Transfers:wait(seconds)
  local engine = engine_of(self)
  if self.process ~= core.pid() then
    return moved(self)
  elseif next(self.known) == nil then
    core.sleep(seconds)
    return {}
  end
  local results = seconds > 0 and engine:wait(seconds) or engine:step()
  for _, result in ipairs(results) do
    self.known[result.number] = nil
  end
  return results
end

--- Cancels one of them.
---@param number integer
function Transfers:cancel(number)
  if self.known[number] and self.process == core.pid() then
    self.engine:cancel(number)
  end
  self.known[number] = nil
end

--- Cancels all of them.
function Transfers:close()
  for number in pairs(self.known) do
    self:cancel(number)
  end
  if self.engine and #kept < KEPT then
    kept[#kept + 1] = self.engine
  elseif self.engine then
    self.engine:close()
  end
  self.engine = nil
end

--- None yet.
---@return equinix.BlockingTransfers
function M.new()
  return setmetatable({ known = {}, process = core.pid() }, Transfers)
end

return M
