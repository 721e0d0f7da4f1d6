--- machines: a model of machines that share a store, in one Lua state: each
-- has its own clocks and its own pages of the lock-out guard, and processes
-- that share these. Time is a number here, so an hour takes a moment; what
-- happens is drawn by a seed.
--
--   local world = machines.new(seed, true)
--   world:run()   world.most  world.held  world:left()
--
-- Law of this file: the guard, its pages and its store are the real ones; the
-- slots of the cache, the clocks and the network are made up. Needs a Lua that
-- can yield in a pcall.

local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"
local memory_store = require "spec.support.memory_store"
local session = require "equinix.store.session"

local M = {}

local GUARD = "lua/equinix/oauth/lockout.lua"
local IDENTITY = "the account"
local MACHINES, PROCESSES, TASKS, CALLS = 3, 6, 2, 6
local SECRETS = 6

local World = {}
World.__index = World

-- The generator of the C library is not the same everywhere.
local function generator(seed)
  local state = seed * 7919 + 1
  return function()
    state = (state * 16807) % 2147483647
    return state / 2147483647
  end
end

local Slot = {}
Slot.__index = Slot

function Slot:acquire(_, _, hold)
  if self.lease and self.world.time < self.ends then
    return "wait"
  end
  self.lease, self.ends = {}, self.world.time + hold
  return "lead", self.lease, self.text
end

function Slot:release(lease, text)
  if lease ~= self.lease then
    return false
  end
  self.lease, self.text = nil, text or self.text
  return true
end

local function slot_of(world, machine, name)
  machine.pages[name] = machine.pages[name]
    or setmetatable({ world = world }, Slot)
  return machine.pages[name]
end

local function new_process(world, machine)
  local store = memory_store.new(world.data)
  for _, op in ipairs { "load", "save", "lock", "unlock" } do
    local step = store[op]
    store[op] = function(...)
      coroutine.yield(world.random() * 0.02)
      return step(...)
    end
  end
  return { machine = machine, store = store,
    guard = assert(loadfile(GUARD))() }
end

local function add_task(world, process, f)
  world.tasks[#world.tasks + 1] = { at = 0, process = process,
    co = coroutine.create(f) }
end

local function seconds(world)
  return world.random() * (world.random() < 0.1 and 6 or 0.5)
end

-- What Equinix sees, somewhere between the request and its answer.
local function send(world, number)
  coroutine.yield(seconds(world))
  local right = world.right or number == world.secret
  world.bad = right and 0 or world.bad + 1
  world.most = math.max(world.most, world.bad)
  coroutine.yield(seconds(world))
  return right and "accepted" or "refused", {}
end

local function call(world, process)
  local number = math.ceil(world.random() * SECRETS)
  local deadline = core.now() + 30
  local verdict = process.guard.guarded({
    identity = IDENTITY,
    proof = function()
      return "secret " .. number
    end,
    transport = { sleep = coroutine.yield },
    seconds = 35,
    deadline = deadline,
    stored = session.new(process.store, function() end, {
      deadline = deadline + 30,
    }):latches(lockout_page.number(IDENTITY)),
  }, function()
    return send(world, number)
  end)
  if verdict == "latched" or verdict == "late" then
    world.held = world.held + 1
  end
end

local function calls(world, process)
  return function()
    for _ = 1, CALLS do
      coroutine.yield(world.random() * (world.random() < 0.3 and 60 or 2))
      call(world, process)
    end
  end
end

-- -> its place in the list
local function next_task(world)
  local first
  for i, task in ipairs(world.tasks) do
    if not first or task.at < world.tasks[first].at then
      first = i
    end
  end
  return first
end

local function turn(world, i)
  local task = world.tasks[i]
  world.time = math.max(world.time, task.at)
  world.machine = task.process.machine
  local ok, pause = coroutine.resume(task.co)
  assert(ok, pause)
  if coroutine.status(task.co) == "dead" then
    table.remove(world.tasks, i)
  else
    task.at = world.time + math.max(pause, 1e-6)
  end
end

--- To the end of all calls.
function World:run()
  local now, time, tokens = core.now, core.time, core.tokens
  function core.now()
    return self.time + self.machine.boot
  end
  function core.time()
    return 1.7e9 + self.time
  end
  core.tokens = { open = function(name)
    return slot_of(self, self.machine, name)
  end }
  local ok, message = pcall(function()
    local i = next_task(self)
    while i do
      turn(self, i)
      i = next_task(self)
    end
  end)
  core.now, core.time, core.tokens = now, time, tokens
  assert(ok, message)
end

--- The attempts that stand in the store as if they were in flight.
---@return integer
function World:left()
  local count = 0
  for _, record in pairs(self.data.records) do
    for _, state in pairs(lockout_page.decode(record.bytes).accounts) do
      for _ in pairs(state.attempts) do
        count = count + 1
      end
    end
  end
  return count
end

--- Machines with processes that are about to call.
---@param seed integer
---@param right boolean every secret is accepted; else one of them
---@return table world
function M.new(seed, right)
  local self = setmetatable({ time = 0, tasks = {}, machines = {},
    random = generator(seed), right = right, bad = 0, most = 0, held = 0,
    data = { records = {}, locks = {} } }, World)
  self.secret = math.ceil(self.random() * SECRETS)
  for i = 1, MACHINES do
    self.machines[i] = { boot = 1000 * i, pages = {} }
  end
  for i = 1, PROCESSES do
    local process = new_process(self, self.machines[i % MACHINES + 1])
    for _ = 1, TASKS do
      add_task(self, process, calls(self, process))
    end
  end
  return self
end

return M
