--- nginx: the transport inside nginx. None of its calls blocks a worker.
--
-- Law of this file: requests are sent by the same engine as everywhere, driven
-- by one of nginx's worker threads (nginx/driver.lua). Here, on the event
-- loop, callers only wait, and only where ngx_lua allows it; elsewhere they
-- get an error that says so.
--
-- nginx needs `thread_pool equinix threads=2;` in the main part of its
-- configuration. The calls under way are limited for each worker; more of them
-- queue, within their own deadlines. `M.limit` changes that, and the field
-- `pool` of nginx/driver.lua the pool; both before the first call.

-- luacheck: read globals ngx.run_worker_thread

local async = require "equinix.transport.async"
local driver = require "equinix.transport.nginx.driver"
local errors = require "equinix.transport.nginx.errors"

local memory = require "equinix.base.memory"
local semaphore = require "ngx.semaphore"

---@class equinix.transport.nginx
local M = {
  --- Calls under way at once, in each nginx worker.
  limit = 4096,
}

local START_SECONDS = 1 -- within which a timer without a delay begins

local never -- a semaphore that is never posted to
local can = {} -- phases in which a wait was allowed

---Whether waiting is allowed here. ngx_lua knows, for each of its phases and
---those that it will get: a wait for no time at all ends at once where waits
---are allowed, and is refused elsewhere.
---@return boolean
function M.can_wait()
  local phase = ngx.get_phase()
  if can[phase] then
    return true
  elseif phase == "init" then
    return false -- in the master, which keeps no semaphore for its workers
  end
  never = never or semaphore.new()
  local _, waited, message = memory.pcall(never.wait, never, 0)
  can[phase] = waited == nil and message == "timeout"
  return can[phase]
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

---How many requests are in flight at once in this worker; more of them queue.
---@return integer
function M.capacity()
  return M.limit
end

---Whether the caller of this request has hung up, as far as its handler was
---made to notice (ngx.on_abort): then nothing more need be sent for it.
---@return boolean
function M.hung_up()
  return ngx.get_phase() ~= "timer" and ngx.ctx.equinix_hung_up == true
end

local SHORTEST_WAIT = 0.001 -- seconds, nginx's; less would not wait at all
local CHECK = 1 -- seconds between two checks of the driver
-- Callers that go on in one turn of the event loop. What is left waits for the
-- next one, so that all else that the worker does has its turn in between. As
-- many as a stay in the thread brings: fewer would cost more stays.
local AT_ONCE = 16

---Waits; other light threads run meanwhile.
---@param seconds number
function M.sleep(seconds)
  ngx.sleep(math.max(seconds, SHORTEST_WAIT))
end

local host = { cannot_send = M.cannot_send }

function host.why()
  return ("no request can be sent in nginx's phase '%s', which can't wait for "
    .. "the response; use rewrite, access or content, or ngx.timer.at")
    :format(ngx.get_phase())
end

local KEPT = 128 -- semaphores; to make one costs more than all of a wait
local kept = {}

-- A task is what one light thread waits for. `posts` is what its semaphore
-- would count: to ask it costs as much as to wait.
function host.task()
  if not M.can_wait() then
    return nil
  end
  local n = #kept
  local task = kept[n]
  if not task then
    return { woken = semaphore.new(), posts = 0 }
  end
  kept[n] = nil
  return task
end

-- A light thread that was killed does not come here: its task is dropped.
function host.done(task)
  local n = #kept
  if n < KEPT and task.posts == 0 then
    kept[n + 1] = task
  end
end

function host.park(task, seconds)
  if not seconds or seconds > CHECK then
    seconds = CHECK
  elseif seconds < SHORTEST_WAIT then
    seconds = SHORTEST_WAIT
  end
  if task.woken:wait(seconds) then
    task.posts = task.posts - 1
  end
  if host.driver then
    host.driver:check()
  end
end

function host.unpark(task)
  task.posts = task.posts + 1
  task.woken:post()
end

function host.watch(_, _, _, own)
  local id = own:id()
  if not host.driver or host.driver.id ~= id then
    host.driver = driver.new(id, function()
      own:collect(AT_ONCE)
    end, function(transport_err)
      own:abort(transport_err)
    end)
  end
  return host.driver:watch()
end

function host.late()
  return host.driver:late()
end

function host.limit()
  return M.limit
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
  local ok, done, message = memory.pcall(ngx.timer.at, 0, function()
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

host.spawn = M.spawn

for name, f in pairs(async.new(host)) do
  M[name] = M[name] or f
end

return M
