--- await: waits for something that another caller does, as this host allows.
--
-- Law of this file: one loop for all that is polled. Between two tries only
-- the transport waits, so other callers in the same thread go on; the pause
-- grows, and no wait goes beyond its deadline. Where waiting blocks the
-- thread, the cache itself wakes the waiter, and nothing is polled. Tasks of
-- one state that wait for the same renewal are a list: one of them looks.

local core = require "equinix.core"

local M = {}

---@class equinix.PollPace pauses between two tries, in seconds
---@field first number doubled with each try
---@field longest number

---@type equinix.PollPace
local CACHE = { first = 0.005, longest = 0.1 } -- a look costs next to nothing

--- The pace for a store: each try is a step there, and a fleet may wait.
---@type equinix.PollPace
M.STORE = { first = 0.1, longest = 0.35 }

--- Waits; meanwhile a function is called now and then.
---@param transport table the port
---@param seconds number
---@param meanwhile? equinix.transport.meanwhile
function M.pause(transport, seconds, meanwhile)
  while meanwhile and seconds > meanwhile.every do
    transport.sleep(meanwhile.every)
    seconds = seconds - meanwhile.every
    meanwhile.call()
  end
  transport.sleep(seconds)
end

--- Tries again and again until there is a result. The first try is made at
-- once, the last one at the deadline.
---@param transport table the port
---@param pace equinix.PollPace
---@param deadline number on core.now()
---@param try fun(again: boolean): ... returns nil to go on waiting; `again` is
---  false in the first call
---@return any ... up to four results of `try`; nil: the deadline passed
function M.poll(transport, pace, deadline, try)
  local pause = pace.first
  local what, a, b, c = try(false)
  while what == nil do
    local left = deadline - core.now()
    if left <= 0 then
      return nil
    end
    transport.sleep(math.min(pause, left))
    pause = math.min(pace.longest, pause * 2)
    what, a, b, c = try(true)
  end
  return what, a, b, c
end

-- Tasks of this state that wait for one renewal are a list: one of them looks
-- at the cache, the others sleep until it has seen the end. By their slots.
---@class equinix.Waiters
---@field renewal any
---@field transport table
---@field tasks table<any, true>
---@field count integer of them
---@field ended boolean the renewal has ended, and all were woken
---@field looker any the task that looks
---@field until_time number by then it has looked again; else another one does
local lists = setmetatable({}, { __mode = "k" })

local LOOKER_LATE = 0.25 -- seconds: it was ended while it slept

local function list_of(transport, slot, renewal)
  local list = lists[slot]
  if not list or list.renewal ~= renewal then
    list = { renewal = renewal, transport = transport, tasks = {}, count = 0,
      ended = false, until_time = 0 }
    lists[slot] = list
  end
  return list
end

-- Once: of thousands that wait, each one finds the end for itself.
local function wake_all(list)
  list.ended = true
  for task in pairs(list.tasks) do
    list.transport.unpark(task)
  end
end

--- A renewal may have ended in this state: who looks for that looks now.
function M.notify()
  for _, list in pairs(lists) do
    if list.looker ~= nil then
      list.transport.unpark(list.looker)
    end
  end
end

-- Sleeps until it is worth to look again; as the one that looks, or not.
local function doze(list, task, pause, left)
  local now = core.now()
  if list.looker == task or list.looker == nil or now > list.until_time then
    list.looker = task
    list.until_time = now + pause + LOOKER_LATE
    list.transport.park(task, math.min(pause, left))
  else
    list.transport.park(task, math.min(left,
      list.until_time - now + LOOKER_LATE))
  end
end

local function leave(list, slot, task)
  list.tasks[task], list.count = nil, list.count - 1
  if list.count == 0 then
    if lists[slot] == list then
      lists[slot] = nil
    end
  elseif list.looker == task and not list.ended then
    list.looker = nil
    list.transport.unpark((next(list.tasks))) -- looks from now on
  end
end

local function wait_in_list(transport, slot, renewal, seconds)
  local list, task = list_of(transport, slot, renewal), transport.task()
  local deadline, pause = core.now() + seconds, CACHE.first
  list.tasks[task], list.count = true, list.count + 1
  local state, a, b, c = slot:result(renewal)
  while state == "pending" and core.now() < deadline do
    doze(list, task, pause, deadline - core.now())
    pause = math.min(CACHE.longest, pause * 2)
    state, a, b, c = slot:result(renewal)
  end
  if state ~= "pending" and not list.ended then
    wake_all(list)
  end
  leave(list, slot, task)
  return state, a, b, c
end

local function poll_cache(transport, slot, renewal, seconds)
  local what, a, b, c = M.poll(transport, CACHE, core.now() + seconds,
    function()
      local state, x, y, z = slot:result(renewal)
      if state ~= "pending" then
        return state, x, y, z
      end
    end)
  return what or "pending", a, b, c
end

--- Waits for the end of a renewal that another caller leads.
---@param transport table the port
---@param slot userdata of tokens.open
---@param renewal any as slot:acquire() named it
---@param seconds number at most
---@return string what as slot:result(); "pending": it has not ended
---@return any ... what slot:result() returns with it
function M.renewal(transport, slot, renewal, seconds)
  if transport.blocking then
    slot:wait(seconds, renewal)
    return slot:result(renewal)
  elseif transport.park then
    return wait_in_list(transport, slot, renewal, seconds)
  end
  return poll_cache(transport, slot, renewal, seconds)
end

return M
