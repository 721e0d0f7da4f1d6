--- thread_pool: runs jobs in nginx's worker threads, a limited number at a
--- time.
--
-- Law of this file: a job is started by a timer, never by the request that
-- wants it. So a client that hangs up neither occupies a thread for nothing
-- nor cancels a result that others wait for. While a caller waits here a timer
-- is pending, so a worker that is to quit finishes the job first. Jobs beyond
-- the limit queue, each within its own deadline.
--
-- The timers that run jobs are called runners: each takes one job after the
-- other and ends when the queue is empty. ngx_lua has Lua VMs for
-- lua_worker_thread_vm_pool_size calls (10 or 100, depending on its version)
-- and refuses more: then the job goes back to the head of the queue, and for a
-- while no runner is added.

-- luacheck: read globals ngx.run_worker_thread

local core = require "equinix.core"
local errors = require "equinix.transport.nginx.errors"

local semaphore = require "ngx.semaphore"

local M = {
  --- The thread pool that is used.
  pool = "equinix",
  --- Calls in flight at once, in each nginx worker.
  limit = 32,
}

local WORKER = "equinix.transport.nginx.worker"
local CHECK = 1 -- seconds between two checks of the runners
local GRACE = 0.5 -- seconds that a thread may exceed its deadline
local SHORTEST_DELAY = 0.001 -- seconds, nginx's
local NO_VM_PAUSE = 0.02 -- seconds, when other modules use all VMs

---@class equinix.nginx.Job
---@field method "send"|"send_many"
---@field deadline number on core.now()
---@field arguments any[] plain values
---@field done table semaphore
---@field begun? boolean
---@field over? boolean with `result`, or `err`, or `raised`
---@field given_up? boolean no caller waits for it any more
---@field refused? string ngx_lua's message when it had no VM for the job

-- The queue: first in, first out.
local jobs, first, last = {}, 1, 0

local runners = 0 -- that are running
local starting = 0 -- timers that were set and have not begun
local starting_since = 0
local most_runners = 0 -- that ever ran at once
local full_until = 0 -- no VM was free: no runner is added before

local run_jobs -- what a runner does

local function push(job)
  last = last + 1
  jobs[last] = job
end

local function push_front(job)
  first = first - 1
  jobs[first] = job
end

local function pop()
  while first <= last do
    local job = jobs[first]
    jobs[first] = nil
    first = first + 1
    if not job.given_up then
      return job
    end
  end
end

local function finish(job, result, transport_err, raised)
  job.result, job.err, job.raised = result, transport_err, raised
  job.over = true
  job.done:post()
end

-- Runs a job in a thread; false: no VM was free for it.
local function perform(job)
  job.begun, job.refused = true, nil
  local ok, ran, result, transport_err, raised = pcall(ngx.run_worker_thread,
    M.pool, WORKER, job.method, job.deadline, unpack(job.arguments, 1, 2))
  if ok and ran then
    finish(job, result, transport_err, raised)
  elseif ok and errors.is_full(result) and core.now() < job.deadline then
    job.begun, job.refused = false, result
    return false
  else
    finish(job, nil, errors.of(ok and result or ran, M.pool))
  end
  return true
end

-- Makes sure that a runner takes the jobs in the queue. Runners are added one
-- at a time: for each new one ngx_lua makes a VM, on the event loop. That
-- takes some 2 ms, and between two of them other requests are served.
local function add_runner()
  local count = runners + starting
  local grows = count > 0 and count >= most_runners
  if count >= M.limit or (grows and starting > 0)
    or (count > 0 and core.now() < full_until) then
    return true
  end
  -- Without a delay it would run before those requests. (A worker that is to
  -- quit accepts no timer with a delay.)
  local delay = grows and not ngx.worker.exiting() and SHORTEST_DELAY or 0
  local done, message = ngx.timer.at(delay, function()
    run_jobs()
  end)
  if done then
    starting, starting_since = starting + 1, core.now()
  elseif count == 0 then
    return nil, message
  end
  return true
end

function run_jobs()
  starting = math.max(0, starting - 1)
  runners = runners + 1
  most_runners = math.max(most_runners, runners)
  local job = pop()
  if first <= last then
    add_runner()
  end
  while job do
    if perform(job) then
      job = pop()
    else
      full_until = core.now() + CHECK
      if runners > 1 then
        push_front(job)
        job = nil -- another runner takes it when it is done
      else
        ngx.sleep(NO_VM_PAUSE)
      end
    end
  end
  runners = runners - 1
end

-- nginx drops a timer beyond lua_max_running_timers without an error.
local function check_runners()
  if starting > 0 and core.now() - starting_since >= CHECK then
    starting = 0
  end
  return add_runner()
end

local function wait(job)
  while not job.over do
    local left = job.deadline - core.now() + (job.begun and GRACE or 0)
    if left <= 0 then
      job.given_up = true
      return nil, job.refused and errors.of(job.refused, M.pool)
        or errors.late(job.begun)
    end
    job.done:wait(math.min(left, CHECK))
    if not job.begun and not job.over then
      check_runners()
    end
  end
  if job.raised then
    error(job.raised, 0)
  end
  return job.result, job.err
end

--- Runs a function of worker.lua in a thread and waits for its result.
---@param method "send"|"send_many"
---@param seconds number limit, waiting included
---@param a any plain values, for the function
---@param b? any
---@return any result
---@return equinix.transport.err|nil
function M.run(method, seconds, a, b)
  if not ngx.run_worker_thread then
    return nil, errors.no_threads()
  end
  local job = {
    method = method,
    deadline = core.now() + seconds,
    arguments = { a, b },
    done = semaphore.new(),
  }
  push(job)
  local ok, message = add_runner()
  if not ok then
    job.given_up = true
    return nil, errors.of(message, M.pool)
  end
  return wait(job)
end

return M
