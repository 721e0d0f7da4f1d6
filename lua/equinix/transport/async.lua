--- async: the transport over an engine, for any host that runs tasks.
--
-- Law of this file: it is the port, and nothing more; how tasks wait and
-- descriptors are watched is the host's. Nothing here blocks, and nothing is
-- watched while nothing is under way. A transfer goes on when its task is
-- dropped: it may have had an effect already, and others may wait for a token.
--
-- docs/event-loops.md describes the host, for authors of loops.

local async_wait = require "equinix.transport.async_wait"
local copy = require("equinix.base.table").copy
local core = require "equinix.core"
local host_errors = require "equinix.transport.host_errors"
local transfers = require("equinix.base.lazy")
  "equinix.transport.async_transfers"

local await = async_wait.await

local M = {}

---Whether this Lua can have tasks: plain 5.1 can't yield in a protected call.
---(Not tried out: inside ngx_lua, coroutines belong to nginx.)
---@return boolean
function M.able()
  return _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil
end

---What a loop provides. A task is a value of the host's own; its field `loop`
---says which loop runs it, where one state can have several.
---@class equinix.Host
---@field task fun(): any the task that runs; nil: nothing may wait here
---@field park fun(task: any, seconds?: number) waits, in that task, until it
---  is unparked or the time is over
---@field unpark fun(task: any) it goes on after this has returned; harmless
---  when it is not parked, or gone
---@field spawn fun(f: fun()): boolean|nil, string|nil runs a task of its own;
---  what it raises goes to the host's reporter
---@field watch fun(task: any, fd: integer, step: fun(), own: equinix.Async):
---  fun()?, equinix.transport.err? calls `step` whenever that descriptor is
---  readable, until the result is called
---@field done? fun(task: any) it is not waited with any more
---@field name? string of the host, for messages
---@field why? fun(): string why nothing may wait here
---@field cannot_send? fun(): equinix.transport.err? why nothing can be sent at
---  all; nil: it can
---@field late? fun(): equinix.transport.err why a transfer did not end
---@field limit? fun(): integer transfers under way at once; others queue; 4096

local LIMIT = 4096
local GRACE = 1 -- seconds in which the engine reports what is too late

-- The task, where something can be sent.
local function can_send(host)
  return not (host.cannot_send and host.cannot_send()) and host.task()
end

---The transfers of one loop.
---@class equinix.Async
---@field private host equinix.Host
---@field private engine equinix.engine
---@field private process integer that made it
---@field private waiting table<integer, fun(response: table?, err: table?)>
---@field private dropped integer[] to be cancelled in the next step
---@field private unwatch? fun()
local Async = {}
Async.__index = Async

-- Ends the watch when nothing is under way, so that the host's loop can end.
local function rest(self)
  if self.unwatch and not self.engine:busy() then
    local unwatch = self.unwatch
    self.unwatch = nil
    unwatch()
  end
end

-- Passes on what has ended.
local function deliver(self, results)
  while self.dropped[1] do
    self.engine:cancel(table.remove(self.dropped))
  end
  for _, result in ipairs(results) do
    local done = self.waiting[result.number]
    self.waiting[result.number] = nil
    if done then -- no task before has ended all of them
      done(result.response, result.err)
    end
  end
  rest(self)
end

local function new_engine(host)
  local self = setmetatable({ host = host, engine = core.engine(),
    process = core.pid(), waiting = {}, dropped = {} }, Async)
  self.engine:limit(host.limit and host.limit() or LIMIT)
  return self
end

-- Of the loop that runs the task. A forked child starts anew: what is under
-- way is its parent's.
local function engine_of(port, task)
  local loop = type(task) == "table" and task.loop or port
  local self = port.engines[loop]
  if not self or self.process ~= core.pid() then
    self = new_engine(port.host)
    port.engines[loop] = self
  end
  return self
end

-- Makes sure that the engine is driven. -> true | nil, transport_err
local function watch(self, task)
  if self.unwatch then
    return true
  end
  local fd = self.engine:fd()
  if not fd then
    return nil, host_errors.NO_ENGINE
  end
  local unwatch, transport_err = self.host.watch(task, fd, function()
    deliver(self, self.engine:step())
  end, self)
  self.unwatch = unwatch
  return unwatch and true, transport_err
end

-- Begins a transfer. `done` is called later, by the loop, never before this
-- has returned. -> number | nil, transport_err
local function begin(self, task, prepared, seconds, done)
  local watched, transport_err = watch(self, task)
  if not watched then
    return nil, transport_err
  end
  local number, why = self.engine:start(prepared, seconds)
  if not number then
    rest(self)
    return nil, why
  end
  self.waiting[number] = done
  return number
end

--- For a host whose engine is driven by another thread.
---@return integer|nil id for core.drive
function Async:id()
  return self.engine:id()
end

--- Reads what another thread has driven to its end; the rest is for the next
--- time.
---@param limit integer so many at most
function Async:collect(limit)
  deliver(self, self.engine:results(limit))
end

-- Ends a transfer: what was not begun is never sent. -> its error
local function give_up(self, number, transport_err)
  local _, begun = self.engine:cancel(number)
  local own = copy(transport_err)
  own.maybe_sent = begun or false
  return own
end

-- Ends a transfer that was not driven to its end in time. -> its error
local function lose(self, number)
  self.waiting[number] = nil
  local transport_err = give_up(self, number, host_errors.lost(self.host))
  rest(self)
  return transport_err
end

--- Ends all that is under way with that error.
---@param transport_err equinix.transport.err
function Async:abort(transport_err)
  local waiting, errs = self.waiting, {}
  self.waiting = {}
  for number in pairs(waiting) do
    errs[number] = give_up(self, number, transport_err)
  end
  rest(self)
  for number, done in pairs(waiting) do
    done(nil, errs[number])
  end
end

--- Ends a transfer whose result is no longer needed. For the collector, too,
--- which may come while the engine is at work: nothing of the host is called,
--- and the next step ends the watch.
---@param number integer
function Async:drop(number)
  self.waiting[number] = nil
  if not pcall(self.engine.cancel, self.engine, number) then
    table.insert(self.dropped, number)
  end
end

local function prepare(request)
  return type(request) == "table" and core.prepare(request) or request
end

local function send(port, request, seconds, on_chunk, meanwhile)
  local host = port.host
  local task = can_send(host)
  if on_chunk then
    return nil, host_errors.NO_FUNCTION
  elseif not task then
    return nil, host_errors.refusal(host)
  end
  local own, ended, response, transport_err = engine_of(port, task), false
  local number, why = begin(own, task, prepare(request), seconds,
    function(...)
      ended, response, transport_err = true, ...
      host.unpark(task)
    end)
  if not number then
    return nil, why
  end
  if not async_wait.await_meanwhile(host, task, seconds + GRACE, function()
    return ended
  end, meanwhile) then
    return nil, lose(own, number)
  end
  if host.done then
    host.done(task)
  end
  return response, transport_err
end

-- What async_transfers needs of a port.
local function own_transfers(port)
  local host = port.host
  local function engine()
    local task = can_send(host)
    if not task then
      return nil, host_errors.refusal(host)
    end
    return engine_of(port, task), task
  end
  return transfers.new { engine = engine, begin = begin, lose = lose,
    host = host, await = await, grace = GRACE }
end

-- n are under way at a time, and each that ends begins the next one. `numbers`
-- are those under way, by their places in the list. -> whether all have ended
local function begin_many(self, task, prepared, n, deadline, results)
  local begun, left, numbers = 0, #prepared, {}
  local function next_one()
    begun = begun + 1
    local i = begun
    local function done(response, transport_err)
      results[i] = response and { response = response }
        or { err = transport_err }
      numbers[i] = nil
      left = left - 1
      if begun < #prepared then
        next_one()
      elseif left == 0 then
        self.host.unpark(task)
      end
    end
    local number, transport_err = begin(self, task, prepared[i],
      math.max(0, deadline - core.now()), done)
    if number then
      numbers[i] = number
    else
      done(nil, transport_err)
    end
  end
  for _ = 1, math.min(n, #prepared) do
    if begun < #prepared then
      next_one()
    end
  end
  return function()
    return left == 0
  end, numbers
end

-- All requests are read before the first one is sent.
local function send_many(port, requests, n, seconds)
  local host = port.host
  local task, results, prepared = can_send(host), {}, {}
  local deadline = core.now() + seconds
  for i, request in ipairs(requests) do
    prepared[i] = core.prepare(request)
    results[i] = { err = task and host_errors.lost(host)
      or host_errors.refusal(host) }
  end
  if not task or #prepared == 0 then
    return results
  end
  local own = engine_of(port, task)
  local over, numbers = begin_many(own, task, prepared, n, deadline, results)
  if not await(host, task, seconds + GRACE, over) then
    for i, number in pairs(numbers) do
      results[i] = { err = lose(own, number) }
    end
  end
  return results
end

--- The transport for the tasks of a host; transport/curl.lua describes the
--- port.
---@param host equinix.Host
---@return table port
function M.new(host)
  if not M.able() then
    error((host.name or "this event loop") .. " can't be used on plain Lua "
      .. "5.1, which can't suspend a protected call: use LuaJIT, or Lua 5.2 "
      .. "or newer", 0)
  end
  local own = { host = host, engines = setmetatable({}, { __mode = "k" }) }
  local port = {
    task = host.task,
    park = host.park,
    unpark = host.unpark,
    spawn = host.spawn,
    prepare = core.prepare,
  }

  ---Sends a request; this task waits for its response.
  ---@param request equinix.transport.request|equinix.exchange
  ---@param seconds number limit for the whole transfer
  ---@param on_chunk? function refused
  ---@param meanwhile? equinix.transport.meanwhile
  ---@return equinix.transport.response|equinix.transport.replies|nil response
  ---@return equinix.transport.err? transport_err
  function port.send(request, seconds, on_chunk, meanwhile)
    return send(own, request, seconds, on_chunk, meanwhile)
  end

  ---The `send` that calls a function while the request is under way.
  port.meanwhile = port.send

  ---Sends many requests, n at a time.
  ---@param requests equinix.transport.request[]
  ---@param n integer how many are in flight at once
  ---@param seconds number limit for all of them together
  ---@return equinix.transport.result[] results in the order of the requests
  function port.send_many(requests, n, seconds)
    return send_many(own, requests, n, seconds)
  end

  ---For calls that one caller has under way side by side.
  port.transfers = { send = port.send, new = function()
    return own_transfers(own)
  end }

  ---Waits; other tasks run meanwhile.
  ---@param seconds number
  function port.sleep(seconds)
    local task = host.task()
    if task then
      await(host, task, seconds, function()
        return false
      end)
    end
  end

  ---Whether waiting is allowed here.
  ---@return boolean
  function port.can_wait()
    return host.task() ~= nil
  end

  return port
end

--- Makes a function for code without coroutines.
---@param spawn fun(f: fun()): boolean|nil, string|nil as the host has it
---@return fun(f: (fun(): ...), callback: fun(...)): boolean|nil, string|nil
---  runs f as a task; callback gets what f returns, or nil and what it raised
function M.call(spawn)
  return function(f, callback)
    local function pass(ok, ...)
      if ok then
        callback(...)
      else
        callback(nil, (...))
      end
    end
    return spawn(function()
      pass(pcall(f))
    end)
  end
end

return M
