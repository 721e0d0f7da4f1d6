--- nginx: the transport inside nginx. None of its calls blocks a worker.
--
-- Law of this file: requests are sent by the same core as everywhere, but in
-- nginx's worker threads (nginx/thread_pool.lua). Here, on the event loop,
-- callers only wait, and only where ngx_lua allows it; elsewhere they get an
-- error that says so.
--
-- nginx needs `thread_pool equinix threads=32;` in the main part of its
-- configuration. The calls in flight are limited for each worker; more of them
-- queue, within their own deadlines. The fields `pool` and `limit` of
-- nginx/thread_pool.lua change that.

-- luacheck: read globals ngx.run_worker_thread

local errors = require "equinix.transport.nginx.errors"
local thread_pool = require "equinix.transport.nginx.thread_pool"

local semaphore = require "ngx.semaphore"

---@class equinix.transport.nginx
local M = {}

local START_SECONDS = 1 -- within which a timer without a delay begins

local never -- a semaphore that is never posted to

---Whether waiting is allowed here. ngx_lua knows, for each of its phases and
---those that it will get: a wait for no time at all ends at once where waits
---are allowed, and is refused elsewhere.
---@return boolean
function M.can_wait()
  if ngx.get_phase() == "init" then
    return false -- in the master, which keeps no semaphore for its workers
  end
  never = never or semaphore.new()
  local _, waited, message = pcall(never.wait, never, 0)
  return waited == nil and message == "timeout"
end

---Why nothing can be sent anywhere in this part of nginx; nil: it can.
---@return equinix.transport.err|nil
function M.cannot_send()
  if ngx.config.subsystem == "stream" then
    return errors.stream()
  elseif not ngx.run_worker_thread then
    return errors.no_threads()
  end
end

local function refusal()
  local transport_err = M.cannot_send()
  if transport_err or M.can_wait() then
    return transport_err
  end
  return {
    kind = "config",
    code = "cannot_wait",
    message = ("no request can be sent in nginx's phase '%s', which can't "
      .. "wait for the response; use rewrite, access or content, or "
      .. "ngx.timer.at")
      :format(ngx.get_phase()),
    maybe_sent = false,
  }
end

local NO_FUNCTION = {
  kind = "config",
  code = "sink_function",
  message = "inside nginx a sink must be a file's path: a function can't be "
    .. "passed to the thread that receives the body",
  maybe_sent = false,
}

---Sends a request; this light thread sleeps until the response is there.
---@param request equinix.transport.request
---@param seconds number limit, waiting in the queue included
---@param on_chunk? function refused: it can't be passed to a thread
---@return equinix.transport.response? response
---@return equinix.transport.err? transport_err
function M.send(request, seconds, on_chunk)
  local transport_err = on_chunk and NO_FUNCTION or refusal()
  if transport_err then
    return nil, transport_err
  end
  return thread_pool.run("send", seconds, request)
end

---Sends many requests, n at a time, all of them in one thread.
---@param requests equinix.transport.request[]
---@param n integer how many are in flight at once
---@param seconds number limit for all of them together
---@return equinix.transport.result[] results in the order of the requests
function M.send_many(requests, n, seconds)
  local results, transport_err = nil, refusal()
  if not transport_err then
    results, transport_err = thread_pool.run("send_many", seconds, requests, n)
  end
  if results then
    return results
  end
  results = {}
  for i = 1, #requests do
    results[i] = { err = transport_err }
  end
  return results
end

---How many requests are in flight at once in this worker; more of them queue.
---@return integer
function M.capacity()
  return thread_pool.limit
end

---Whether the caller of this request has hung up, as far as its handler was
---made to notice (ngx.on_abort): then nothing more need be sent for it.
---@return boolean
function M.hung_up()
  return ngx.get_phase() ~= "timer" and ngx.ctx.equinix_hung_up == true
end

local SHORTEST_SLEEP = 0.001 -- seconds, nginx's; less would not wait at all

---Waits; other light threads run meanwhile.
---@param seconds number
function M.sleep(seconds)
  ngx.sleep(math.max(seconds, SHORTEST_SLEEP))
end

---Runs a function in the background: neither the end of this request nor its
---client's hanging up ends it, and a worker that is to quit finishes it first.
---@param f fun() what it raises goes to the error log
---@return true|nil begun it has begun; where nothing can wait: it will begin
---@return string|nil message why it does not run
function M.spawn(f)
  local start, begun, given_up = semaphore.new(), false, false
  -- It also runs when the worker quits and calls the timer early: others wait
  -- for its result.
  local ok, done, message = pcall(ngx.timer.at, 0, function()
    if not given_up then
      begun = true
      start:post()
      f()
    end
  end)
  if not ok or not done then
    return nil, "no timer can be set here: "
      .. tostring(ok and message or done)
  end
  -- nginx drops a timer beyond lua_max_running_timers; only its log says so.
  if M.can_wait() then
    start:wait(START_SECONDS)
    -- The result of wait is not used: after a pause of the whole worker it can
    -- be a time-out although the function has begun.
    if not begun then
      given_up = true
      return nil, "no timer is free to run it: raise lua_max_running_timers"
    end
  end
  return true
end

return M
