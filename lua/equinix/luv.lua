--- luv: the client in programs on libuv: luv, Luvit, Neovim.
--
--     local eqluv = require "equinix.luv"
--     local client = assert(equinix.new { transport = eqluv })
--     eqluv.run(function() print(client:get("/fabric/v4/ports").status) end)
--
-- Law of this file: it is a host (transport/async.lua) and nothing more. Calls
-- wait in tasks that this file began: run and call. Nothing is registered with
-- the loop while nothing is under way, so uv.run() ends by itself.

local async = require "equinix.transport.async"

-- In Neovim the loop is vim.loop, and its functions may be called from the
-- main part of the program only: tasks go on there.
local vim = rawget(_G, "vim")
local uv = vim and (vim.uv or vim.loop) or require "luv"

local M = {}

---@class equinix.luv.Task
---@field thread thread
---@field parked? boolean
---@field timer? userdata

local tasks = setmetatable({}, { __mode = "k" }) -- by their coroutines

-- What a task raises is the program's mistake; it harms no other task.
local function report(message)
  if vim then
    vim.notify("equinix: " .. message, vim.log.levels.ERROR)
  else
    io.stderr:write("equinix: a task raised an error: ", message, "\n")
  end
end

-- What the loop calls next: a task that wakes others goes on first, any number
-- of them need no stack, and a few in a turn keep the loop's other work going.
local TURN = 16
local ready, first, last = {}, 1, 0

local function run_ready(idle)
  for _ = 1, TURN do
    local f = ready[first]
    if not f then
      idle:stop()
      idle:close()
      return
    end
    ready[first] = nil
    first = first + 1
    f()
  end
end

local schedule = vim and vim.schedule or function(f)
  last = last + 1
  ready[last] = f
  if first == last then
    local idle = uv.new_idle()
    idle:start(function()
      run_ready(idle)
    end)
  end
end

-- A coroutine may have been closed meanwhile, by the program (Lua 5.4).
local function resume(task)
  if coroutine.status(task.thread) == "dead" then
    return
  end
  local ok, message = coroutine.resume(task.thread)
  if not ok then
    report(debug.traceback(task.thread, tostring(message)))
  end
end

local function stop_timer(task)
  local timer = task.timer
  if timer then
    task.timer = nil
    timer:stop()
    timer:close()
  end
end

local host = { name = "equinix.luv" }

function host.task()
  local thread = coroutine.running()
  return thread and tasks[thread]
end

-- Goes on in the main part; what comes meanwhile finds it awake.
local function wake(task)
  if task.parked then
    task.parked = false
    stop_timer(task)
    schedule(function()
      resume(task)
    end)
  end
end

function host.park(task, seconds)
  task.parked = true
  if seconds and seconds < math.huge then
    task.timer = uv.new_timer()
    task.timer:start(math.ceil(math.max(0, seconds) * 1000), 0, function()
      wake(task)
    end)
  end
  coroutine.yield()
end

function host.unpark(task)
  wake(task)
end

-- In a callback of Neovim's loop most of its functions are forbidden (E5560),
-- so there a task begins later.
function host.spawn(f)
  local task = { thread = coroutine.create(f) }
  tasks[task.thread] = task
  if vim and vim.in_fast_event() then
    schedule(function()
      resume(task)
    end)
  else
    resume(task)
  end
  return true
end

function host.watch(_, fd, step)
  local poll = uv.new_poll(fd)
  poll:start("r", step)
  return function()
    poll:stop()
    poll:close()
  end
end

for name, f in pairs(async.new(host)) do
  M[name] = f
end

--- Runs a function as a task: calls of a client wait in it.
---@param f fun() what it raises is reported on stderr, in Neovim by a message
function M.run(f)
  host.spawn(f)
end

--- Runs a function as a task, for code without coroutines.
---@param f fun(): ...
---@param callback fun(...) gets what f returns; or nil and what it raised
M.call = async.call(host.spawn)

return M
