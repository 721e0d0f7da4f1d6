--- counters: counters that all workers share, written once a second.
--
-- Law of this file: what is counted is added up in the worker and brought to
-- the shared dictionary by a timer, or when somebody reads here; the lock of
-- the dictionary would cost each request more than all else that is counted.
-- So what another worker counted may be missing for a second. A worker that
-- ends brings what it has: its timers run early then.

local M = {}

local EVERY = 1 -- seconds

---@class equinix.serve.Batch
local Batch = {}
Batch.__index = Batch

local function flush(self)
  for key, by in pairs(self.pending) do
    self.dict:incr(key, by, 0)
    self.pending[key] = nil
  end
end

--- Adds to a counter.
function Batch:incr(key, by)
  self.pending[key] = (self.pending[key] or 0) + by
  if not self.waits then
    self.waits = ngx.timer.at(EVERY, self.bring)
  end
end

--- Sets a gauge, at once.
function Batch:set(key, value)
  return self.dict:set(key, value)
end

function Batch:get(key)
  return self.dict:get(key)
end

--- All names, what was counted here included.
function Batch:get_keys(n)
  flush(self)
  return self.dict:get_keys(n)
end

---@param dict table one of ngx.shared
function M.new(dict)
  local self = setmetatable({ dict = dict, pending = {} }, Batch)
  self.bring = function()
    self.waits = false
    flush(self)
  end
  return self
end

return M
