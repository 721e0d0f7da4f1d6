--- cqueues: the client in programs on cqueues, and in lua-http's servers.
--
--     local eqcqueues = require "equinix.cqueues"
--     local client = assert(equinix.new { transport = eqcqueues })
--     cq:wrap(function() print(client:get("/fabric/v4/ports").status) end)
--
-- Law of this file: it is a host (transport/async.lua) and nothing more. Every
-- coroutine that a controller runs is a task. Each controller has an engine of
-- its own, which is polled only while something is under way, so cq:loop()
-- ends by itself.

local async = require "equinix.transport.async"

local condition = require "cqueues.condition"
local cqueues = require "cqueues"

local M = {}

-- What a task raises is the program's mistake; it harms no other task.
local function guarded(f)
  return function()
    local ok, message = xpcall(f, debug.traceback)
    if not ok then
      io.stderr:write("equinix: a task raised an error: ",
        tostring(message), "\n")
    end
  end
end

local host = { name = "equinix.cqueues" }

-- A coroutine inside of a coroutine of the controller can't wait: it would
-- yield to that one.
function host.task()
  local controller, directly = cqueues.running()
  return controller and directly
    and { loop = controller, woken = condition.new() } or nil
end

function host.park(task, seconds)
  task.woken:wait(seconds and seconds < math.huge and seconds or nil)
end

function host.unpark(task)
  task.woken:signal()
end

function host.spawn(f)
  local controller = cqueues.running()
  if not controller then
    return nil, "no controller of cqueues runs here"
  end
  controller:wrap(guarded(f))
  return true
end

function host.watch(task, fd, step)
  local watching, stopped = true, condition.new()
  local file = { pollfd = fd, events = "r" }
  task.loop:wrap(guarded(function()
    while watching do
      cqueues.poll(file, stopped)
      if watching then
        step()
      end
    end
  end))
  return function()
    watching = false
    stopped:signal()
  end
end

for name, f in pairs(async.new(host)) do
  M[name] = f
end

--- Runs a function as a task in a controller of its own, until it and all that
--- it began have ended.
---@param f fun() what it raises is reported on stderr
function M.run(f)
  local controller = cqueues.new()
  controller:wrap(guarded(f))
  assert(controller:loop())
end

--- Runs a function as a task of the running controller, for code without
--- coroutines.
---@param f fun(): ...
---@param callback fun(...) gets what f returns; or nil and what it raised
---@return true|nil
---@return string|nil message no controller runs here
M.call = async.call(host.spawn)

return M
