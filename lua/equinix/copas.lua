--- copas: the client in programs on copas 4.
--
--     local eqcopas = require "equinix.copas"
--     local client = assert(equinix.new { transport = eqcopas })
--     eqcopas.run(function() print(client:get("/fabric/v4/ports").status) end)
--     copas.loop()
--
-- Law of this file: it is a host (transport/async.lua) and nothing more. Calls
-- wait in tasks that this file began: run, call, and what wrap returns, for
-- the handlers of copas' servers. Nothing is registered while nothing is under
-- way, so copas.loop() ends by itself.

local async = require "equinix.transport.async"
local copas = require "copas"
local socket = require "socket"

if not (copas.pauseforever and copas.wakeup) then
  error("equinix.copas needs copas 4 or newer; this one is "
    .. tostring(copas._VERSION), 0)
end

local M = {}

local host = { name = "equinix.copas" }

local tasks = setmetatable({}, { __mode = "k" }) -- coroutines

function host.task()
  local thread = coroutine.running()
  return thread and tasks[thread] and thread or nil
end

function host.park(_, seconds)
  if seconds and seconds < math.huge then
    copas.pause(seconds)
  else
    copas.pauseforever()
  end
end

host.unpark = copas.wakeup

function host.spawn(f)
  copas.addthread(M.wrap(f))
  return true
end

local TOO_LARGE = {
  kind = "config",
  code = "cannot_wait",
  message = "copas can't watch the descriptor of libcurl: its select takes "
    .. ("none above %d, and so many are open"):format(socket._SETSIZE - 1),
  maybe_sent = false,
}

-- To copas it is a socket of which more is read until it is closed.
function host.watch(_, fd, step)
  if fd >= socket._SETSIZE then
    return nil, TOO_LARGE
  end
  local failure = "timeout"
  local file = {
    getfd = function()
      return fd
    end,
    dirty = function()
      return false
    end,
    receive = function()
      if failure == "timeout" then
        step()
      end
      return nil, failure
    end,
    close = function()
      failure = "closed"
    end,
  }
  copas.addthread(copas.receive, file)
  return function()
    copas.close(file)
  end
end

--- Makes a function one in which calls can wait: for copas.addserver and
--- copas.addthread.
---@param f fun(...)
---@return fun(...)
function M.wrap(f)
  return function(...)
    tasks[coroutine.running()] = true
    return f(...)
  end
end

for name, f in pairs(async.new(host)) do
  M[name] = f
end

--- Runs a function as a task: calls of a client wait in it, once copas.loop
--- runs.
---@param f fun() what it raises goes to copas' error handler
function M.run(f)
  host.spawn(f)
end

--- Runs a function as a task, for code without coroutines.
---@param f fun(): ...
---@param callback fun(...) gets what f returns; or nil and what it raised
M.call = async.call(host.spawn)

return M
