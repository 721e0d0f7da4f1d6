--- loop: the transport for the tasks of a loop, in one OS thread.
--
-- Law of this file: it is the port, and nothing more. While a task waits here
-- the other tasks run; outside of a task nothing can wait. A GET whose task is
-- cancelled is aborted; any other request goes on to its end, since it may
-- have had an effect already, and others may wait for a token request.

local core = require "equinix.core"

local M = {}

local CANNOT_WAIT = {
  kind = "config",
  code = "cannot_wait",
  message = "no request can be sent here: this code does not run in a task "
    .. "of the loop",
  maybe_sent = false,
}

local NO_FUNCTION = {
  kind = "config",
  code = "sink_function",
  message = "in a loop a sink must be a file's path: a function would hold up "
    .. "all other tasks",
  maybe_sent = false,
}

local HARMLESS = { GET = true, HEAD = true }

local CHECK = 0.25 -- seconds until a task notices that it is needed no more

-- Calls a function now and then, in a task of its own, until `over` says so.
local function call_meanwhile(loop, meanwhile, over)
  local next_time = core.now() + meanwhile.every
  while not over() do
    loop:sleep(math.min(CHECK, math.max(0, next_time - core.now())))
    if not over() and core.now() >= next_time then
      meanwhile.call()
      next_time = core.now() + meanwhile.every
    end
  end
end

local function send(loop, request, seconds, on_chunk, meanwhile)
  if on_chunk then
    return nil, NO_FUNCTION
  elseif not loop:task() then
    return nil, CANNOT_WAIT
  end
  if core.is_exchange(request) then
    return loop:send(request, seconds, false)
  end
  -- What is wrong with the request is raised before anything goes on beside.
  local prepared, ended = core.prepare(request), false
  if meanwhile then
    loop:spawn(function()
      call_meanwhile(loop, meanwhile, function()
        return ended
      end)
    end)
  end
  local response, transport_err = loop:send(prepared, seconds,
    HARMLESS[request.method] or false)
  ended = true
  return response, transport_err
end

-- All requests are read before the first one is sent; then n tasks send them,
-- each one after the other.
local function send_many(loop, requests, n, seconds)
  local deadline, parent = core.now() + seconds, loop:task()
  local results, prepared, begun = {}, {}, 0
  for i, request in ipairs(requests) do
    prepared[i] = core.prepare(request)
    results[i] = not parent and { err = CANNOT_WAIT } or nil
  end
  local busy = parent and math.min(n, #requests) or 0
  local function work()
    while begun < #requests do
      begun = begun + 1
      local i = begun
      local response, transport_err = loop:send(prepared[i],
        deadline - core.now(), false)
      results[i] = response and { response = response }
        or { err = transport_err }
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

--- The transport for the tasks of a loop; transport/curl.lua describes the
--- port.
---@param loop equinix.Loop
---@return table port
function M.new(loop)
  local port = {}

  ---Sends a request; this task waits for its response.
  ---@param request equinix.transport.request|equinix.exchange
  ---@param seconds number limit for the whole transfer
  ---@param on_chunk? function refused
  ---@param meanwhile? equinix.transport.meanwhile
  ---@return equinix.transport.response|equinix.transport.replies|nil response
  ---@return equinix.transport.err? transport_err
  function port.send(request, seconds, on_chunk, meanwhile)
    return send(loop, request, seconds, on_chunk, meanwhile)
  end

  ---The `send` that calls a function while the request is under way.
  port.meanwhile = port.send

  ---Sends many requests, n at a time.
  ---@param requests equinix.transport.request[]
  ---@param n integer how many are in flight at once
  ---@param seconds number limit for all of them together
  ---@return equinix.transport.result[] results in the order of the requests
  function port.send_many(requests, n, seconds)
    return send_many(loop, requests, n, seconds)
  end

  ---Waits; other tasks run meanwhile.
  ---@param seconds number
  function port.sleep(seconds)
    loop:sleep(seconds)
  end

  ---Whether waiting is allowed here.
  ---@return boolean
  function port.can_wait()
    return loop:task() ~= nil
  end

  ---Runs a function as a task of its own: it goes on when this one is
  ---cancelled.
  ---@param f fun() what it raises is reported
  ---@return true
  function port.spawn(f)
    loop:spawn(f)
    return true
  end

  return port
end

return M
