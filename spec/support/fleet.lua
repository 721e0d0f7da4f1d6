-- fleet: processes with one store in common, step by step: the spec says when
-- they begin, and reads what each of them saw.
--
--   local fleet = fleets.start { emulator = e, store = { port = 6379 } }
--   local list = fleet:round()   -- every process gets a token
--   fleet:begin()  ...  list = fleet:results()    -- with something meanwhile
--   fleet:kill(1)  fleet:stop()
--
-- For a whole spec file:
--
--   local scene = fleets.scene()      -- an emulator, scene.e
--   local fleet = scene:fleet(store)  -- stopped after the spec
--
-- A result has worker, kind ("token" or the kind of an error), message,
-- digest (of the token), seconds, and events as {name =, ...}. In later rounds
-- a process first refuses the token that it has, so it needs another one.
--
-- Law of this file: no time is asserted; FIGURES=1 in the environment prints
-- the times of each round.
local assert = require "luassert"
local busted = require "busted"
local emulator = require "spec.support.emulator"
local host = require "spec.support.host"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

local M = {}
local Fleet = {}
Fleet.__index = Fleet

local TOKEN = "POST /oauth2/v1/token"

local function write_file(path, text)
  local file = assert(io.open(path .. ".new", "wb"))
  assert(file:write(text))
  file:close()
  assert(os.rename(path .. ".new", path))
end

-- What all processes have written about a round so far.
local function lines_of(self, round)
  local list = {}
  for i = 1, self.processes do
    local text = read_file(("%s/out.%d"):format(self.dir, i)) or ""
    for line in text:gmatch "([^\n]*)\n" do
      local result = assert(json.decode(line))
      if result.round == round then
        list[#list + 1] = result
      end
    end
  end
  return list
end

local function await(self, round)
  local list
  local done = process.eventually(function()
    list = lines_of(self, round)
    return #list >= self.processes - self.killed or not self.process:alive()
  end, host.limit - 20)
  if not done or #list < self.processes - self.killed then
    error(("round %d: only %d of %d processes came back: %s"):format(round,
      #list, self.processes, (self.process:stderr() or ""):sub(1, 500)), 0)
  end
  return list
end

--- Writes what a script needs for a client, as options.json.
---@param dir string
---@param o table of start
function M.write_options(dir, o)
  write_file(dir .. "/options.json", assert(json.encode {
    base_url = o.emulator.base_url, client_id = o.emulator.client_id,
    client_secret = o.emulator.client_secret, store = o.store,
    timeout = o.timeout or 30, look = o.look or 0.005, warm = o.warm,
  }))
end

--- Starts the processes; they wait for the first round.
---@param o {emulator: table, store: string|table, processes?: integer,
---  timeout?: number, look?: number, warm?: boolean} store: see
---  spec/support/stores; 12 processes; the client's timeout, 30; how often a
---  process looks whether a round has begun, in seconds; warm: it has loaded
---  every module before
function M.start(o)
  local self = setmetatable({
    dir = process.tempdir(), processes = o.processes or 12, current = 0,
    killed = 0,
  }, Fleet)
  M.write_options(self.dir, o)
  self.process = process.start(host.command("--forks " .. self.processes,
    "fleet_caller", self.dir))
  local ok, why = pcall(await, self, 0)
  if not ok then
    self:stop()
    error(why, 2)
  end
  return self
end

--- Begins the next round.
function Fleet:begin()
  self.current = self.current + 1
  write_file(("%s/go.%d"):format(self.dir, self.current), "")
end

--- Waits for the end of the round.
---@return table[] results
function Fleet:results()
  local list = await(self, self.current)
  if os.getenv "FIGURES" then
    local times = {}
    for i, result in ipairs(list) do
      times[i] = result.seconds
    end
    table.sort(times)
    print(("\n  round %d, %d processes: %.2f s, median %.2f, longest %.2f")
      :format(self.current, #times, times[1],
        times[math.ceil(#times / 2)], times[#times]))
  end
  return list
end

--- A whole round.
function Fleet:round()
  self:begin()
  return self:results()
end

--- Has every process use its token, until the condition holds.
---@param condition fun(uses: integer): any uses: of the least busy process
function Fleet:use(condition)
  write_file(self.dir .. "/use", "")
  assert(process.eventually(function()
    local least = math.huge
    for i = 1, self.processes do
      least = math.min(least,
        tonumber((read_file(("%s/uses.%d"):format(self.dir, i)))) or 0)
    end
    return condition(least)
  end, 60), "what was waited for did not happen")
  os.remove(self.dir .. "/use")
end

--- Kills a process as the system does when memory is short.
---@param worker integer
function Fleet:kill(worker)
  local line = lines_of(self, 0)[worker]
  os.execute(("kill -KILL %d"):format(line.pid))
  self.killed = self.killed + 1
end

function Fleet:stop()
  if self.process then
    write_file(self.dir .. "/end", "")
    if self.killed == 0 then
      self.process:wait(30)
    end
    self.process:stop()
    process.remove(self.dir)
    self.process = nil
  end
end

-- The world of a spec file ---------------------------------------------------

local Scene = {}
Scene.__index = Scene

--- Has an object's stop() called after the spec, the last one first.
function Scene:ends(object)
  self.undo[#self.undo + 1] = object
  return object
end

--- The same for a function.
function Scene:finally(f)
  self:ends { stop = f }
end

--- A fleet with the scene's emulator.
---@param store string|table see spec/support/stores
---@param processes? integer
---@param timeout? number
---@param more? table of start
function Scene:fleet(store, processes, timeout, more)
  local o = { emulator = self.e, store = store, processes = processes,
    timeout = timeout }
  for name, value in pairs(more or {}) do
    o[name] = value
  end
  return self:ends(M.start(o))
end

--- Declares an emulator for the specs of a file: `scene.e`.
function M.scene()
  local scene = setmetatable({ undo = {} }, Scene)
  busted.setup(function()
    scene.e = emulator.start { plain = true }
  end)
  busted.teardown(function()
    scene.e:stop()
  end)
  busted.before_each(function()
    scene.e:reset()
  end)
  busted.after_each(function()
    while #scene.undo > 0 do
      table.remove(scene.undo):stop()
    end
  end)
  return scene
end

-- What is asserted of results ------------------------------------------------

--- Waits until so many token requests have reached the emulator.
function M.await_requests(e, n)
  assert(process.eventually(function()
    return e:count(TOKEN) >= n
  end, 60), "no token request came")
end

--- Every process has a token.
function M.assert_tokens(list)
  for _, result in ipairs(list) do
    assert.equal("token", result.kind, result.message)
  end
end

--- Every process has the same token.
function M.assert_one_token(list)
  M.assert_tokens(list)
  for _, result in ipairs(list) do
    assert.equal(list[1].digest, result.digest)
  end
end

--- The number of token requests so far.
function M.requests(e)
  return e:count(TOKEN)
end

--- What the events of one name say, each text once, sorted; with how often.
---@return string[] texts "op: reason; hint"
---@return integer count
function M.said(list, name)
  local seen, texts, count = {}, {}, 0
  for _, result in ipairs(list) do
    for _, event in ipairs(result.events) do
      if event.name == name then
        local text = ("%s: %s; %s"):format(event.op, event.reason,
          event.hint or "")
        count = count + 1
        if not seen[text] then
          seen[text] = true
          texts[#texts + 1] = text
        end
      end
    end
  end
  table.sort(texts)
  return texts, count
end

--- No process had anything to say about its store.
function M.assert_quiet(list)
  assert.same({}, (M.said(list, "store_failed")))
end

return M
