--- counters: counters that all workers share, written once a second.
--
-- Law of this file: increments are added up in the worker; a timer adds the
-- sums to the shared dictionary, and so does a reader in this worker. Without
-- that, the lock of the dictionary would cost each request more than all other
-- counting. So the counts of another worker may be up to a second late. A
-- worker that ends loses none: nginx runs its timers early then, and what it
-- still answers, when it can set no timer any more, is written at once.

local M = {}

local INTERVAL = 1 -- seconds

---@class equinix.serve.Counters
---@field dict table one of ngx.shared
---@field pending table<string, number> increments that are not written yet
---@field waiting boolean|nil the timer is set
---@field on_timer function
---@field also? fun(key: string, by: number) gets each sum that is written
local Counters = {}
Counters.__index = Counters

local function flush(self)
  for key, by in pairs(self.pending) do
    self.dict:incr(key, by, 0)
    self.pending[key] = nil
    if self.also then
      self.also(key, by)
    end
  end
end

--- Adds to a counter.
function Counters:incr(key, by)
  self.pending[key] = (self.pending[key] or 0) + by
  if not self.waiting then
    self.waiting = ngx.timer.at(INTERVAL, self.on_timer)
    if not self.waiting then
      flush(self)
    end
  end
end

--- Sets a gauge, at once.
function Counters:set(key, value)
  return self.dict:set(key, value)
end

function Counters:get(key)
  return self.dict:get(key)
end

--- All names, after the increments of this worker were written.
function Counters:get_keys(n)
  flush(self)
  return self.dict:get_keys(n)
end

---@param dict table one of ngx.shared
---@param also? fun(key: string, by: number) gets each sum that is written
---@return equinix.serve.Counters
function M.new(dict, also)
  local self = setmetatable({ dict = dict, also = also, pending = {} },
    Counters)
  self.on_timer = function()
    self.waiting = false
    flush(self)
  end
  return self
end

return M
