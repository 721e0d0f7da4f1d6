--- loop: the port for the tasks of a loop, in one OS thread.
--
-- Law of this file: it is the port, and nothing more. Whoever waits here lets
-- the other tasks run; outside of a task nothing waits. A GET whose task was
-- cancelled is broken off; whatever else was sent goes on to its end, since it
-- has done something, and a token request is what others wait for.

local core = require "equinix.core"

local M = {}

local CANNOT_WAIT = {
  kind = "config",
  code = "cannot_wait",
  message = "nothing can be sent here: this is no task of the loop",
  maybe_sent = false,
}

local NO_DRAIN = {
  kind = "config",
  code = "sink_function",
  message = "a sink is a file's path here: a function would hold up all other "
    .. "tasks",
  maybe_sent = false,
}

local HARMLESS = { GET = true, HEAD = true }

local function send(loop, request, seconds, on_chunk)
  if on_chunk then
    return nil, NO_DRAIN
  elseif not loop:task() then
    return nil, CANNOT_WAIT
  end
  return loop:send(core.prepare(request), seconds,
    HARMLESS[request.method] or false)
end

-- All are read before the first is sent; then n tasks at the side take them
-- one after the other.
local function send_many(loop, requests, n, seconds)
  local give_up, parent = core.now() + seconds, loop:task()
  local results, prepared, taken = {}, {}, 0
  for i, request in ipairs(requests) do
    prepared[i] = core.prepare(request)
    results[i] = not parent and { err = CANNOT_WAIT } or nil
  end
  local busy = parent and math.min(n, #requests) or 0
  local function work()
    while taken < #requests do
      taken = taken + 1
      local i = taken
      local response, problem = loop:send(prepared[i],
        give_up - core.now(), false)
      results[i] = response and { response = response } or { err = problem }
    end
    busy = busy - 1
    if busy == 0 then
      loop:wake(parent)
    end
  end
  for _ = 1, busy do
    loop:spawn(work)
  end
  if busy > 0 then
    loop:sleep()
  end
  return results
end

--- The port for the tasks of this loop; see transport/curl.lua for its shape.
---@param loop equinix.Loop
---@return table port
function M.new(loop)
  local port = {}

  ---Sends a request; this task waits until its answer is there.
  ---@param request equinix.transport.request
  ---@param seconds number limit for the whole transfer
  ---@param on_chunk? function refused
  ---@return equinix.transport.response? response
  ---@return equinix.transport.err? err
  function port.send(request, seconds, on_chunk)
    return send(loop, request, seconds, on_chunk)
  end

  ---Sends many requests, n at a time.
  ---@param requests equinix.transport.request[]
  ---@param n integer how many are under way at once
  ---@param seconds number limit for all of them together
  ---@return equinix.transport.result[] results in the order of the requests
  function port.send_many(requests, n, seconds)
    return send_many(loop, requests, n, seconds)
  end

  ---Waits; the other tasks run meanwhile.
  ---@param seconds number
  function port.sleep(seconds)
    loop:sleep(seconds)
  end

  ---Whether waiting is allowed here.
  ---@return boolean
  function port.can_wait()
    return loop:task() ~= nil
  end

  ---Runs a function at the side: it goes on when this task is cancelled.
  ---@param f fun() what it raises is reported
  ---@return true
  function port.spawn(f)
    loop:spawn(f)
    return true
  end

  return port
end

return M
