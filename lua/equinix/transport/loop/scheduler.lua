--- scheduler: many tasks in one OS thread, which wait at the same time.
--
-- Law of this file: a task is a coroutine that waits for a transfer or for a
-- time, and for nothing else; Loop:turn waits for all of them. No task is
-- abandoned half-way: one that is cancelled gets an error where it waits and
-- runs to its end, so that it releases what it holds.

local async = require "equinix.transport.async"
local core = require "equinix.core"

local M = {}

---@class equinix.loop.Task
---@field package thread thread
---@field package transfer? integer that it waits for
---@field package abortable? boolean the transfer may be aborted
---@field package cancelled? boolean

---@class equinix.Loop
---@field count integer tasks that have not ended
---@field private engine equinix.engine
---@field private waiting table<integer, equinix.loop.Task> by their transfers
---@field private sleeping table<equinix.loop.Task, number> until when
---@field private current? equinix.loop.Task the running one
---@field private report fun(message: string)
local Loop = {}
Loop.__index = Loop

-- The result of a transfer that was aborted; it is never retried.
local CANCELLED = {
  kind = "closed",
  code = "cancelled",
  message = "the call was cancelled",
  maybe_sent = true,
}

-- Lets a task run until it waits again or ends.
local function resume(self, task, ...)
  local outer = self.current
  self.current = task
  local ok, message = coroutine.resume(task.thread, ...)
  self.current = outer
  if coroutine.status(task.thread) == "dead" then
    self.count = self.count - 1
    if not ok then
      self.report(tostring(message))
    end
  end
end

--- Begins a task: it runs until it waits for the first time.
---@param f fun() what it raises is reported
---@return equinix.loop.Task
function Loop:spawn(f)
  local task = { thread = coroutine.create(f) }
  self.count = self.count + 1
  resume(self, task)
  return task
end

--- The calling task; nil outside of tasks, where nothing may wait.
---@return equinix.loop.Task|nil
function Loop:task()
  local task = self.current
  return task and coroutine.running() == task.thread and task or nil
end

--- Waits, in a task; others run meanwhile.
---@param seconds? number without it: until Loop:wake
function Loop:sleep(seconds)
  self.sleeping[self.current] = core.now() + (seconds or math.huge)
  coroutine.yield()
end

--- Ends a task's sleep.
---@param task equinix.loop.Task
function Loop:wake(task)
  if self.sleeping[task] then
    self.sleeping[task] = 0
  end
end

--- Sends a request and waits for its response, in a task.
---@param prepared equinix.prepared|equinix.exchange
---@param seconds number limit for the whole transfer
---@param abortable boolean it may be aborted when the task is cancelled
---@return equinix.transport.response|nil response
---@return equinix.transport.err|nil transport_err
function Loop:send(prepared, seconds, abortable)
  local task = self.current
  if task.cancelled and not core.is_exchange(prepared) then
    -- A task that sends what others wait for is never cancelled. What goes to
    -- a store ends soon, and notes or gives back what was begun there.
    return nil, CANCELLED
  end
  local transfer, transport_err = self.engine:start(prepared, seconds)
  if not transfer then
    return nil, transport_err
  end
  self.waiting[transfer] = task
  task.transfer, task.abortable = transfer, abortable
  return coroutine.yield()
end

-- Resumes the task that waits for a transfer with the transfer's result.
local function settle(self, transfer, response, transport_err)
  local task = self.waiting[transfer]
  self.waiting[transfer], task.transfer = nil, nil
  resume(self, task, response, transport_err)
end

--- Cancels a task whose result is no longer needed. A transfer that may be
--- aborted is aborted, any other goes on; a sleep ends early, once; and what
--- the task would send from now on is not sent, but to a store.
---@param task equinix.loop.Task
function Loop:cancel(task)
  task.cancelled = true
  local transfer = task.transfer
  if transfer and task.abortable then
    self.engine:cancel(transfer)
    settle(self, transfer, nil, CANCELLED)
  else
    self:wake(task)
  end
end

-- Seconds until the first sleeping task wakes; nil: none sleeps.
local function next_wake(self)
  local first
  for _, at in pairs(self.sleeping) do
    first = math.min(first or at, at)
  end
  return first and math.max(0, first - core.now())
end

local function wake_due(self)
  local now, due = core.now(), {}
  for task, at in pairs(self.sleeping) do
    if at <= now then
      due[#due + 1] = task
    end
  end
  table.sort(due, function(a, b)
    return self.sleeping[a] < self.sleeping[b]
  end)
  for _, task in ipairs(due) do
    self.sleeping[task] = nil
    resume(self, task)
  end
end

--- Waits for the next event and runs the tasks that waited for it. Must not be
--- called in a task.
---@param seconds? number at most
---@param input? boolean returns also when standard input can be read, or when
---  this process got the signal to end (core.on_term)
function Loop:turn(seconds, input)
  local first = next_wake(self)
  if first then
    seconds = math.min(seconds or first, first)
  end
  for _, result in ipairs(self.engine:wait(seconds, input)) do
    if self.waiting[result.number] then -- no task before has cancelled it
      settle(self, result.number, result.response, result.err)
    end
  end
  wake_due(self)
end

M.able = async.able

--- Makes a loop; opens nothing.
---@param report fun(message: string) gets what a task raises
---@return equinix.Loop
function M.new(report)
  return setmetatable({
    count = 0,
    engine = core.engine(),
    waiting = {},
    sleeping = {},
    report = report,
  }, Loop)
end

return M
