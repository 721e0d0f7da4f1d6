--- driver: keeps one worker thread of nginx driving the engine.
--
-- Law of this file: nothing here blocks the event loop, and no request of a
-- client runs the thread: a timer does. So a client that hangs up ends no
-- transfer that others wait for. One thread drives all that is under way in
-- this worker process; when nothing is, no thread is occupied. What can't be
-- driven ends with an error that names the directive.

-- luacheck: read globals ngx.run_worker_thread

local core = require "equinix.core"
local errors = require "equinix.transport.nginx.errors"

local M = {
  --- The thread pool that is used.
  pool = "equinix",
}

local WORKER = "equinix.transport.nginx.worker"
local DRIVE = 1 -- seconds in a thread at most: a worker that is ended waits
local START = 1 -- seconds within which a timer without a delay begins
local PAUSE = 0.02 -- seconds, when other modules use all VMs or threads

---@class equinix.nginx.Driver
---@field id integer of the engine
---@field step fun() reads results; where some are left, a stay in a thread
---  ends at once, and the event loop has had its turn in between
---@field abort fun(transport_err: equinix.transport.err)
---@field watched boolean something is under way
---@field running boolean the timer has begun
---@field asked number when it was set, on core.now()
---@field refused? string ngx_lua's message when it had no thread for it
local Driver = {}
Driver.__index = Driver

-- One stay in a thread. -> true | nil, message
local function drive(self)
  local ok, ran, message = pcall(ngx.run_worker_thread, M.pool, WORKER,
    "drive", self.id, DRIVE)
  if ok and ran then
    self.refused = nil
    return true
  end
  return nil, ok and message or ran
end

local function drive_all(self)
  while self.watched do
    local driven, message = drive(self)
    if driven then
      self.step()
    elseif errors.is_temporary(message) then
      self.refused = message
      ngx.sleep(PAUSE)
    else
      self.abort(errors.of(message, M.pool))
    end
  end
end

-- What it raises, for want of memory, goes to the log; those that wait begin
-- it again.
local function run(self)
  self.running = true
  local ok, problem = pcall(drive_all, self)
  self.running = false
  if not ok then
    error(problem, 0)
  end
end

-- Sets the timer. -> true | nil, transport_err
local function start(self)
  local done, message = ngx.timer.at(0, function()
    if not self.running then
      run(self)
    end
  end)
  if not done then
    return nil, errors.of(message, M.pool)
  end
  self.asked = core.now()
  return true
end

--- Begins to drive. -> stop | nil, transport_err
function Driver:watch()
  self.watched = true
  if not self.running then
    local started, transport_err = start(self)
    if not started then
      self.watched = false
      return nil, transport_err
    end
  end
  return function()
    self.watched = false
  end
end

--- To be called now and then by those that wait: nginx drops a timer beyond
--- lua_max_running_timers without an error.
function Driver:check()
  if self.watched and not self.running
    and core.now() - self.asked >= START then
    start(self)
  end
end

--- Why what is under way did not end.
---@return equinix.transport.err
function Driver:late()
  return self.refused and errors.of(self.refused, M.pool) or errors.late()
end

--- A driver; it does nothing yet.
---@param id integer engine:id()
---@param step fun() reads results, not too many at a time
---@param abort fun(transport_err: equinix.transport.err) ends all that wait
function M.new(id, step, abort)
  return setmetatable({ id = id, step = step, abort = abort,
    watched = false, running = false, asked = 0 }, Driver)
end

return M
