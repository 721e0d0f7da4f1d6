--- scheduler: many tasks in one OS thread, which wait side by side.
--
-- Law of this file: a task is a coroutine that waits for a transfer or for a
-- time, and for nothing else; whoever turns the loop waits for all of them.
-- No task is ever left in the middle: one that is cancelled is told so where
-- it waits, and goes on to its end, so that what it holds is given back.

local core = require "equinix.core"

local M = {}

---@class equinix.loop.Task
---@field package thread thread
---@field package transfer? integer that it waits for
---@field package yielding? boolean the transfer may be broken off
---@field package cancelled? boolean

---@class equinix.Loop
---@field count integer tasks that have not ended
---@field private crowd equinix.crowd
---@field private waiting table<integer, equinix.loop.Task> by their transfers
---@field private sleeping table<equinix.loop.Task, number> until when
---@field private current? equinix.loop.Task the one that runs
---@field private report fun(problem: string)
local Loop = {}
Loop.__index = Loop

-- What a transfer that was broken off brings; nobody tries that again.
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
  local ok, problem = coroutine.resume(task.thread, ...)
  self.current = outer
  if coroutine.status(task.thread) == "dead" then
    self.count = self.count - 1
    if not ok then
      self.report(tostring(problem))
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

--- The task that asks; nil outside of them, where nothing may wait.
---@return equinix.loop.Task|nil
function Loop:task()
  local task = self.current
  return task and coroutine.running() == task.thread and task or nil
end

--- Waits, in a task; others run meanwhile.
---@param seconds? number without it: until somebody wakes it
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

--- Sends a request and waits for its answer, in a task.
---@param prepared equinix.prepared
---@param seconds number limit for the whole transfer
---@param yielding boolean it may be broken off when the task is cancelled
---@return equinix.transport.response|nil response
---@return equinix.transport.err|nil err
function Loop:send(prepared, seconds, yielding)
  local task = self.current
  if task.cancelled then
    return nil, CANCELLED -- who sends what others wait for is never cancelled
  end
  local transfer, problem = self.crowd:add(prepared, seconds)
  if not transfer then
    return nil, problem
  end
  self.waiting[transfer] = task
  task.transfer, task.yielding = transfer, yielding
  return coroutine.yield()
end

-- The outcome of a transfer goes to who waits for it.
local function settle(self, transfer, response, problem)
  local task = self.waiting[transfer]
  self.waiting[transfer], task.transfer = nil, nil
  resume(self, task, response, problem)
end

--- Nobody wants to know any more what a task brings. A transfer that may be
--- broken off is, any other goes on; a sleep ends early, once, and whatever
--- the task would begin to send is not sent.
---@param task equinix.loop.Task
function Loop:cancel(task)
  task.cancelled = true
  local transfer = task.transfer
  if transfer and task.yielding then
    self.crowd:cancel(transfer)
    settle(self, transfer, nil, CANCELLED)
  else
    self:wake(task)
  end
end

-- Seconds until the first sleeper's time; nil: nobody sleeps.
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

--- Waits for the next thing to happen, and lets those run who waited for it.
--- Not to be called in a task.
---@param seconds? number how long at most
---@param input? boolean also until standard input can be read, or this
---  process was told to end (core.on_term)
function Loop:turn(seconds, input)
  local first = next_wake(self)
  if first then
    seconds = math.min(seconds or first, first)
  end
  local transfer, response, problem = self.crowd:wait(seconds, input)
  if transfer then
    settle(self, transfer, response, problem)
  end
  wake_due(self)
end

--- Whether this Lua can have tasks: Lua 5.1 waits in no protected call.
---@return boolean
function M.able()
  local thread = coroutine.create(function()
    pcall(coroutine.yield)
  end)
  coroutine.resume(thread)
  return coroutine.status(thread) == "suspended"
end

--- Makes one; nothing is opened.
---@param report fun(problem: string) gets what a task raises
---@return equinix.Loop
function M.new(report)
  return setmetatable({
    count = 0,
    crowd = core.multi(),
    waiting = {},
    sleeping = {},
    report = report,
  }, Loop)
end

return M
