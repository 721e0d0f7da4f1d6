--- haproxy: the transport inside HAProxy, over libcurl's engine.
--
-- Law of this file: it is a host (async.lua) and nothing more. HAProxy can't
-- watch a foreign descriptor, so one of its tasks, in each Lua state, looks
-- after the engine and sleeps in between (its core.msleep). What waits are
-- coroutines of this file that this task resumes. HAProxy interrupts long
-- stretches of its own coroutines anywhere, but none of these; and in these
-- its functions don't work, since it knows only its own.

local async = require "equinix.transport.async"
local core = require "equinix.core"

-- HAProxy's module has the name of ours.
local haproxy = rawget(_G, "core")

local M = {}

-- Milliseconds between two turns: while transfers are under way, after a
-- second in which nothing came of them, and otherwise.
local BUSY, SLOW, IDLE = 5, 20, 50
local TURN = 64 -- tasks that go on in one turn

---@class equinix.haproxy.Task
---@field thread thread
---@field parked? boolean
---@field until_time? number on core.now(), while it is parked

local tasks = setmetatable({}, { __mode = "k" }) -- by their coroutines
local parked = {} -- the tasks that wait
local ready, first, last = {}, 1, 0
local steps = {} -- of the engine, while something is under way
local turns = {} -- what else is called in each turn
local started = false
local active = 0 -- when a transfer began or ended last, on core.now()

local host = { name = "equinix.haproxy (call it inside of run)" }

function host.task()
  return tasks[coroutine.running()]
end

-- An action may do this too, and be interrupted in it: the place counts only
-- when it has been filled.
local function push(task)
  last = last + 1
  ready[last] = task
end

function host.park(task, seconds)
  task.parked = true
  task.until_time = core.now() + (seconds or math.huge)
  parked[task] = true
  while task.parked do
    coroutine.yield()
  end
end

function host.unpark(task)
  if task.parked then
    task.parked = false
    parked[task] = nil
    push(task)
  end
end

function host.spawn(f)
  local task = { thread = coroutine.create(f) }
  tasks[task.thread] = task
  push(task)
  return true
end

function host.watch(_, _, step)
  steps[step] = true
  active = core.now()
  return function()
    steps[step] = nil
  end
end

for name, f in pairs(async.new(host)) do
  M[name] = f
end

-- What a task raises is the program's mistake; it harms no other task.
local function report(message)
  haproxy.log(haproxy.err, "equinix: " .. message)
end

local function resume(task)
  local ok, message = coroutine.resume(task.thread)
  if not ok then
    report("a task raised an error: " .. tostring(message))
  elseif not task.parked and coroutine.status(task.thread) ~= "dead" then
    push(task) -- it yielded by itself
  end
end

local function copy(set)
  local list = {}
  for value in pairs(set) do
    list[#list + 1] = value
  end
  return list
end

local function wake_late_ones()
  local now = core.now()
  for _, task in ipairs(copy(parked)) do
    if now >= task.until_time then
      host.unpark(task)
    end
  end
end

local function run_ready()
  for _ = 1, TURN do
    local task = ready[first]
    if not task then
      return
    end
    ready[first] = nil
    first = first + 1
    resume(task)
  end
end

-- Milliseconds for which there is nothing to do.
local function pause()
  local now = core.now()
  local limit = not next(steps) and IDLE
    or now - active < 1 and BUSY or SLOW
  for task in pairs(parked) do
    limit = math.min(limit, (task.until_time - now) * 1000)
  end
  return math.max(1, math.ceil(limit))
end

-- One turn. -> milliseconds until the next one
local function turn()
  local before = last
  for _, step in ipairs(copy(steps)) do
    step()
  end
  if last > before then
    active = core.now()
  end
  wake_late_ones()
  for _, f in ipairs(turns) do
    f()
  end
  run_ready()
  return ready[first] and 1 or pause()
end

-- HAProxy's task: it lives as long as the process.
local function drive()
  while true do
    local ok, ms = pcall(turn)
    if not ok then
      report("a turn failed: " .. tostring(ms))
      ms = IDLE
    end
    haproxy.msleep(ms)
  end
end

local function start()
  if not started then
    started = true
    haproxy.register_task(drive)
  end
end

--- Runs a function as a task, in which a client may wait. From anywhere in
--- HAProxy; it begins a moment later.
---@param f fun() what it raises is in HAProxy's log
function M.run(f)
  host.spawn(f)
  start()
end

--- Calls a function in each turn, not in a task: it may not wait, but it may
--- call HAProxy's functions.
---@param f fun()
function M.each_turn(f)
  turns[#turns + 1] = f
  start()
end

return M
