--- nginx: the port inside nginx. No call of it stops a worker.
--
-- Law of this file: requests are sent by the same core as everywhere, but in
-- nginx's worker threads (crew.lua); here, on the event loop, everybody only
-- waits, and only where ngx_lua allows it. What can't wait gets an error that
-- says so, never a worker that stands still.
--
-- nginx needs `thread_pool equinix threads=32;` in the main part of its
-- configuration. Calls in flight are limited for each worker: more of them
-- queue, inside their own deadlines. `crew.pool` and `crew.limit` change that.

local crew = require "equinix.transport.nginx.thread_pool"

local semaphore = require "ngx.semaphore"

---@class equinix.transport.nginx
local M = {}

-- Where ngx_lua can yield (its NGX_HTTP_LUA_CONTEXT_YIELDABLE).
local YIELDS = {
  rewrite = true, server_rewrite = true, access = true, content = true,
  timer = true, ssl_cert = true, ssl_session_fetch = true,
  ssl_client_hello = true,
}

local START_SECONDS = 1 -- within which a timer of no delay has begun

---Whether waiting is allowed here.
---@return boolean
function M.can_wait()
  return YIELDS[ngx.get_phase()] or false
end

local function cannot_wait()
  return {
    kind = "config",
    code = "cannot_wait",
    message = ("nothing can be sent in nginx's phase '%s', which can't wait "
      .. "for the answer; use rewrite, access or content, or ngx.timer.at")
      :format(ngx.get_phase()),
    maybe_sent = false,
  }
end

local NO_DRAIN = {
  kind = "config",
  code = "sink_function",
  message = "inside nginx a sink is a file's path: a function can't cross "
    .. "into the thread that receives the body",
  maybe_sent = false,
}

---Sends a request; this light thread sleeps until its answer is there.
---@param request equinix.transport.request
---@param seconds number limit for everything, waiting in the queue included
---@param on_chunk? function refused: it can't cross into a thread
---@return equinix.transport.response? response
---@return equinix.transport.err? err
function M.send(request, seconds, on_chunk)
  if on_chunk then
    return nil, NO_DRAIN
  elseif not M.can_wait() then
    return nil, cannot_wait()
  end
  return crew.run("send", seconds, request)
end

---Sends many requests, n at a time, all of them in one thread.
---@param requests equinix.transport.request[]
---@param n integer how many are under way at once
---@param seconds number limit for all of them together
---@return equinix.transport.result[] results in the order of the requests
function M.send_many(requests, n, seconds)
  local results, trouble
  if M.can_wait() then
    results, trouble = crew.run("send_many", seconds, requests, n)
  else
    trouble = cannot_wait()
  end
  if results then
    return results
  end
  results = {}
  for i = 1, #requests do
    results[i] = { err = trouble }
  end
  return results
end

---Waits; others run meanwhile.
---@param seconds number
function M.sleep(seconds)
  ngx.sleep(seconds)
end

---Runs a function at the side: neither the end of this request nor an abort
---of its client ends it, and a worker that is told to quit finishes it first.
---@param f fun() what it raises goes to the error log
---@return true|nil begun it has begun; where that can't be waited for: it will
---@return string|nil reason
function M.spawn(f)
  local start, begun, given_up = semaphore.new(), false, false
  -- Called early because the worker quits, it runs as well: others wait for
  -- what it brings.
  local ok, done, reason = pcall(ngx.timer.at, 0, function()
    if not given_up then
      begun = true
      start:post()
      f()
    end
  end)
  if not ok or not done then
    return nil, "nothing can run at the side here: "
      .. tostring(ok and reason or done)
  end
  -- nginx drops a timer beyond lua_max_running_timers, and tells its log only.
  if M.can_wait() then
    start:wait(START_SECONDS)
    -- Not what wait returned: after a pause of the whole worker both are true.
    if not begun then
      given_up = true
      return nil, "nothing can run at the side now: raise "
        .. "lua_max_running_timers"
    end
  end
  return true
end

return M
