--- async_transfers: calls that one caller has under way side by side, in an
--- event loop.
--
-- Law of this file: they belong to this object. When it is dropped, with its
-- task or with the loop that used it, all that is under way is cancelled; so
-- what the engine knows of them is only where their results go. It is for what
-- may be cancelled at any time; what may not has to be waited for.

local core = require "equinix.core"
local finalizer = require "equinix.base.finalizer"

local M = {}

---@class equinix.Transfers
---@field private port table what async.lua gives: engine() of the running
---  task, or nil and why nothing can be sent; begin, lose, await, host, grace
---@field private known table<integer, {own: equinix.Async, number: integer,
---  late: number}> under way, by our numbers
---@field private last integer the number given last
---@field private state {ended: table[], task: any, closed?: boolean} where
---  results go, and the task that waits for them
local Transfers = {}
Transfers.__index = Transfers

local function cancel_all(known)
  for id, one in pairs(known) do
    known[id] = nil
    if one.own.process == core.pid() then
      one.own:drop(one.number)
    end
  end
end

--- Begins a transfer.
---@param request equinix.transport.request
---@param seconds number limit for the whole transfer
---@return integer|nil number
---@return equinix.transport.err|nil transport_err
function Transfers:start(request, seconds)
  local port, state, known = self.port, self.state, self.known
  local own, task = port.engine()
  if not own then
    return nil, task
  end
  self.last = self.last + 1
  local id = self.last
  local number, transport_err = port.begin(own, task, core.prepare(request),
    seconds, function(response, err)
      known[id] = nil
      table.insert(state.ended, { number = id, response = response,
        err = err })
      if state.task then
        port.host.unpark(state.task)
      end
    end)
  if port.host.done then
    port.host.done(task)
  end
  if not number then
    return nil, transport_err
  end
  known[id] = { own = own, number = number,
    late = core.now() + seconds + port.grace }
  return id
end

-- Those that the running task's engine does not have: the loop is another one,
-- or the process. And those that were not driven to their end.
-- -> seconds until the next one is given up
local function give_up(self, own)
  local ended, now, first = self.state.ended, core.now(), math.huge
  for id, one in pairs(self.known) do
    if one.own ~= own then
      cancel_all { one }
      self.known[id] = nil
      ended[#ended + 1] = { number = id, moved = true }
    elseif now > one.late then
      self.known[id] = nil
      ended[#ended + 1] = { number = id, err = self.port.lose(own,
        one.number) }
    else
      first = math.min(first, one.late - now)
    end
  end
  return first
end

-- Where nothing can wait nothing ends any more.
local function refuse(self, why)
  local ended = self.state.ended
  for id in pairs(self.known) do
    ended[#ended + 1] = { number = id, err = why }
  end
  cancel_all(self.known)
end

--- Waits until one of them has ended.
---@param seconds number at most; 0: does not wait
---@return {number: integer, response?: equinix.transport.response,
---  err?: equinix.transport.err, moved?: true}[] results of what has ended;
---  what is `moved` was not, and has to be begun again
function Transfers:wait(seconds)
  local state, port = self.state, self.port
  local own, task = port.engine()
  if own then
    local left = give_up(self, own)
    state.task, state.closed = task, false
    port.await(port.host, task, math.min(seconds, left), function()
      return state.closed or #state.ended > 0
    end)
    state.task = nil
    if port.host.done then
      port.host.done(task)
    end
  else
    refuse(self, task)
  end
  local ended = state.ended
  state.ended = {}
  return ended
end

--- Cancels one of them.
---@param number integer
function Transfers:cancel(number)
  cancel_all { self.known[number] }
  self.known[number] = nil
end

--- Cancels all of them. A task that waits for them goes on.
function Transfers:close()
  cancel_all(self.known)
  self.state.closed = true
  if self.state.task then
    self.port.host.unpark(self.state.task)
  end
end

--- None yet.
---@param port table see async.lua
---@return equinix.Transfers
function M.new(port)
  local self = setmetatable({ port = port, known = {}, last = 0,
    state = { ended = {} } }, Transfers)
  local known = self.known
  self.guard = finalizer.new(function()
    cancel_all(known)
  end)
  return self
end

return M
