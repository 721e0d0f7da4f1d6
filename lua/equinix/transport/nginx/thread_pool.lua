--- thread_pool: brings jobs into nginx's worker threads, some at a time.
--
-- Law of this file: a job is begun by a timer, never by the request that asks
-- for it. So a client that hangs up takes neither a place in the crew nor an
-- answer with it that others wait for; and while anybody waits here a timer
-- is pending, so that a worker that is to quit finishes first. Jobs beyond
-- the limit queue, each inside its own deadline.
--
-- ngx_lua has Lua VMs for lua_worker_thread_vm_pool_size calls (10 or 100,
-- depending on its version) and refuses more of them: then a job goes back to
-- the head of the queue, and for a while the crew does not grow.

-- luacheck: read globals ngx.run_worker_thread

local core = require "equinix.core"
local trouble = require "equinix.transport.nginx.errors"

local semaphore = require "ngx.semaphore"

local M = {
  --- The thread pool that is used.
  pool = "equinix",
  --- Calls in flight at once, in each nginx worker.
  limit = 32,
}

local THREAD = "equinix.transport.nginx.worker"
local LOOK = 1 -- seconds between two looks at the crew
local GRACE = 0.5 -- seconds within which a thread is back after its deadline
local TURN = 0.001 -- seconds, nginx's shortest delay
local NO_VM_PAUSE = 0.02 -- seconds, when other modules hold all VMs

---@class equinix.nginx.Job
---@field what "send"|"send_many"
---@field deadline number on core.now()
---@field arguments any[] plain values
---@field done table semaphore
---@field begun? boolean
---@field over? boolean then `answer`, `err` and `raised` say how
---@field given_up? boolean nobody waits for it
---@field refused? string ngx_lua had no VM for it, in its words

-- The queue: first in, first out.
local jobs, first, last = {}, 1, 0

local members = 0 -- timers that take jobs
local asked = 0 -- timers that were asked for and have not begun
local asked_at = 0
local most = 0 -- members there have been at once
local full_until = 0 -- no VM was free: no more members until then

local work -- what a member does

local function push(job)
  last = last + 1
  jobs[last] = job
end

local function push_back(job)
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

local function finish(job, answer, err, raised)
  job.answer, job.err, job.raised, job.over = answer, err, raised, true
  job.done:post()
end

-- Runs a job in a thread. False when no VM was free for it.
local function perform(job)
  job.begun, job.refused = true, nil
  local ok, ran, answer, err, raised = pcall(ngx.run_worker_thread, M.pool,
    THREAD, job.what, job.deadline, unpack(job.arguments, 1, 2))
  if ok and ran then
    finish(job, answer, err, raised)
  elseif ok and trouble.is_full(answer) and core.now() < job.deadline then
    job.begun, job.refused = false, answer
    return false
  else
    finish(job, nil, trouble.of(ok and answer or ran, M.pool))
  end
  return true
end

-- Sees to it that somebody takes the jobs that wait. The crew grows by one at
-- a time: for each new member ngx_lua makes a VM, on the event loop. That
-- takes some 2 ms, after which others shall have their turn.
local function recruit()
  local crew = members + asked
  local grows = crew > 0 and crew >= most
  if crew >= M.limit or (grows and asked > 0)
    or (crew > 0 and core.now() < full_until) then
    return true
  end
  -- One of no delay would come before those others. (A worker that is to quit
  -- takes none but those.)
  local delay = grows and not ngx.worker.exiting() and TURN or 0
  local done, reason = ngx.timer.at(delay, function()
    work()
  end)
  if done then
    asked, asked_at = asked + 1, core.now()
  elseif crew == 0 then
    return nil, reason
  end
  return true
end

-- A member of the crew: takes jobs as long as there are any.
function work()
  asked = math.max(0, asked - 1)
  members = members + 1
  most = math.max(most, members)
  local job = pop()
  if first <= last then
    recruit()
  end
  while job do
    if perform(job) then
      job = pop()
    else
      full_until = core.now() + LOOK
      if members > 1 then
        push_back(job)
        job = nil -- the others take it when they are done
      else
        ngx.sleep(NO_VM_PAUSE)
      end
    end
  end
  members = members - 1
end

-- nginx drops a timer beyond lua_max_running_timers without a word to us.
local function recruit_again()
  if asked > 0 and core.now() - asked_at >= LOOK then
    asked = 0
  end
  return recruit()
end

local function wait(job)
  while not job.over do
    local left = job.deadline - core.now() + (job.begun and GRACE or 0)
    if left <= 0 then
      job.given_up = true
      return nil, job.refused and trouble.of(job.refused, M.pool)
        or trouble.late(job.begun)
    end
    job.done:wait(math.min(left, LOOK))
    if not job.begun and not job.over then
      recruit_again()
    end
  end
  if job.raised then
    error(job.raised, 0)
  end
  return job.answer, job.err
end

--- Runs a function of thread.lua in a thread and waits for what it returns.
---@param what "send"|"send_many"
---@param seconds number limit, waiting included
---@param a any plain values, for the function
---@param b? any
---@return any answer
---@return equinix.transport.err|nil
function M.run(what, seconds, a, b)
  if not ngx.run_worker_thread then
    return nil, trouble.no_threads()
  end
  local job = {
    what = what,
    deadline = core.now() + seconds,
    arguments = { a, b },
    done = semaphore.new(),
  }
  push(job)
  local ok, reason = recruit()
  if not ok then
    job.given_up = true
    return nil, trouble.of(reason, M.pool)
  end
  return wait(job)
end

return M
