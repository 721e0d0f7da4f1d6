-- await: waits for what another caller does, as the host allows.
local await = require "equinix.transport.await"
local core = require "equinix.core"

-- A clock that only sleeping moves, a slot whose renewal ends at `over`, and
-- a transport that notes how long it slept.
local now = core.now
local clock

local function slot_until(over)
  local slot = { waits = {} }
  function slot.result(_, renewal)
    assert.equal("renewal", renewal)
    if clock >= over then
      return "published", 7, "Bearer x", "record"
    end
    return "pending"
  end
  function slot:wait(seconds, renewal)
    assert.equal("renewal", renewal)
    self.waits[#self.waits + 1] = seconds
    clock = math.min(over, clock + seconds)
    return clock >= over
  end
  return slot
end

local function transport(blocking)
  local port = { blocking = blocking, slept = {} }
  function port.sleep(seconds)
    assert(seconds > 0, "no busy waiting")
    port.slept[#port.slept + 1] = seconds
    clock = clock + seconds
  end
  return port
end

local function stop_the_clock()
  clock = 1000
  core.now = function()
    return clock
  end
end

local function start_the_clock()
  core.now = now
end

describe("await.poll", function()
  before_each(stop_the_clock)
  after_each(start_the_clock)

  it("returns the first result, and says which try is the first", function()
    local port, tries = transport(), {}
    local function try(again)
      tries[#tries + 1] = again
      if #tries == 3 then
        return "done", 1, nil, 3
      end
    end
    assert.same({ "done", 1, nil, 3 },
      { await.poll(port, await.STORE, 1005, try) })
    assert.same({ false, true, true }, tries)
    assert.same({ 0.1, 0.2 }, port.slept)
  end)

  it("pauses, and calls a function now and then", function()
    local port, calls = transport(), 0
    await.pause(port, 5)
    await.pause(port, 5, { every = 2, call = function()
      calls = calls + 1
    end })
    assert.same({ 5, 2, 2, 1 }, port.slept)
    assert.equal(2, calls)
  end)

  it("takes false for a result", function()
    local port = transport()
    assert.is_false((await.poll(port, await.STORE, 1005, function()
      return false
    end)))
    assert.same({}, port.slept)
  end)

  it("doubles its pause up to the longest of the pace", function()
    local port = transport()
    await.poll(port, { first = 1, longest = 3 }, 1012, function() end)
    assert.same({ 1, 2, 3, 3, 3 }, port.slept)
  end)

  it("tries once more at the deadline, never behind it", function()
    local port, at = transport(), {}
    assert.is_nil((await.poll(port, { first = 1, longest = 1 }, 1001.5,
      function()
        at[#at + 1] = clock
      end)))
    assert.same({ 1000, 1001, 1001.5 }, at)
    at = {}
    assert.is_nil((await.poll(port, await.STORE, 900, function()
      at[#at + 1] = clock
    end)))
    assert.same({ 1001.5 }, at)
  end)
end)

describe("await.renewal", function()
  before_each(stop_the_clock)
  after_each(start_the_clock)

  it("is woken by the cache where waiting may block", function()
    local port, slot = transport(true), slot_until(1001)
    assert.same({ "published", 7, "Bearer x", "record" },
      { await.renewal(port, slot, "renewal", 5) })
    assert.same({ 5 }, slot.waits)
    assert.same({}, port.slept)
  end)

  it("only sleeps where other callers run in the same thread", function()
    local port, slot = transport(nil), slot_until(1001)
    assert.same({ "published", 7, "Bearer x", "record" },
      { await.renewal(port, slot, "renewal", 5) })
    assert.same({}, slot.waits)
    assert.equal(0.005, port.slept[1])
    for i, seconds in ipairs(port.slept) do
      assert(seconds <= 0.1 and seconds >= (port.slept[i - 1] or 0))
    end
    assert(clock < 1001.1 + 1e-6, clock)
  end)

  it("does not wait for what is over", function()
    local port = transport(nil)
    assert.equal("published",
      (await.renewal(port, slot_until(1000), "renewal", 5)))
    assert.same({}, port.slept)
  end)

  it("gives up after the seconds it was given", function()
    for _, blocking in ipairs { true, false } do
      clock = 1000
      assert.equal("pending", (await.renewal(transport(blocking),
        slot_until(2000), "renewal", 0.33)))
      assert.near(1000.33, clock, 1e-6)
    end
    clock = 1000
    assert.equal("pending",
      (await.renewal(transport(nil), slot_until(2000), "renewal", 0)))
    assert.equal(1000, clock)
  end)
end)

-- Tasks are coroutines; `run` resumes those that are unparked, else the one
-- that looks, whose pause is the shortest.
local function tasks_port()
  local port = { unparked = 0, ready = {}, parked = {} }
  function port.task()
    return coroutine.running()
  end
  function port.park(task, seconds)
    port.parked[task] = clock + seconds
    coroutine.yield()
  end
  function port.unpark(task)
    port.unparked = port.unparked + 1
    if port.parked[task] then
      port.parked[task] = nil
      port.ready[#port.ready + 1] = task
    end
  end
  local function next_task()
    local first
    for task, at in pairs(port.parked) do
      first = (not first or at < port.parked[first]) and task or first
    end
    clock = first and math.max(clock, port.parked[first]) or clock
    if first then
      port.parked[first] = nil
    end
    return first
  end
  function port.run()
    local task = table.remove(port.ready, 1) or next_task()
    while task do
      assert(coroutine.resume(task))
      task = table.remove(port.ready, 1) or next_task()
    end
  end
  return port
end

describe("many tasks that wait for one renewal", function()
  before_each(stop_the_clock)
  after_each(start_the_clock)

  it("are each woken once by its end, since one of them looks for all",
    function()
      local TASKS = 200
      local port, slot, ended = tasks_port(), slot_until(1001), 0
      for _ = 1, TASKS do
        assert(coroutine.resume(coroutine.create(function()
          assert.equal("published", (await.renewal(port, slot, "renewal", 5)))
          ended = ended + 1
        end)))
      end
      port.run()
      assert.equal(TASKS, ended)
      assert.is_true(port.unparked <= TASKS, port.unparked)
      assert(clock < 1001.1 + 1e-6, clock)
    end)

  it("look on when the one that looks gives up", function()
    local port, slot, ended = tasks_port(), slot_until(1001), {}
    for _, seconds in ipairs { 0.2, 5, 5 } do
      assert(coroutine.resume(coroutine.create(function()
        local kind = await.renewal(port, slot, "renewal", seconds)
        ended[#ended + 1] = kind
      end)))
    end
    port.run()
    assert.same({ "pending", "published", "published" }, ended)
    assert(clock < 1001.1 + 1e-6, clock)
  end)
end)
