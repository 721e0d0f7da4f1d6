-- await: waits for another's flight, as the host allows.
local await = require "equinix.transport.await"
local core = require "equinix.core"

-- A clock that only sleeping moves, a place whose flight ends at `over`, and
-- a transport that notes how long it slept.
local now = core.now
local clock

local function place(over)
  local slot = { waits = {} }
  function slot.result(_, flight)
    assert.equal("flight", flight)
    if clock >= over then
      return "published", 7, "Bearer x", "record"
    end
    return "pending"
  end
  function slot:wait(seconds, flight)
    assert.equal("flight", flight)
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

describe("await", function()
  before_each(function()
    clock = 1000
    core.now = function()
      return clock
    end
  end)
  after_each(function()
    core.now = now
  end)

  it("is woken by the cache where waiting may block", function()
    local port, slot = transport(true), place(1001)
    assert.same({ "published", 7, "Bearer x", "record" },
      { await(port, slot, "flight", 5) })
    assert.same({ 5 }, slot.waits)
    assert.same({}, port.slept)
  end)

  it("only sleeps where others run in the same thread", function()
    local port, slot = transport(nil), place(1001)
    assert.same({ "published", 7, "Bearer x", "record" },
      { await(port, slot, "flight", 5) })
    assert.same({}, slot.waits)
    assert.equal(0.005, port.slept[1])
    for i, seconds in ipairs(port.slept) do
      assert(seconds <= 0.1 and seconds >= (port.slept[i - 1] or 0))
    end
    assert(clock < 1001.1 + 1e-6, clock)
  end)

  it("does not wait for what is over", function()
    local port = transport(nil)
    assert.equal("published", (await(port, place(1000), "flight", 5)))
    assert.same({}, port.slept)
  end)

  it("gives up at the second it was told", function()
    for _, blocks in ipairs { true, false } do
      clock = 1000
      assert.equal("pending",
        (await(transport(blocks), place(2000), "flight", 0.33)))
      assert.near(1000.33, clock, 1e-6)
    end
    clock = 1000
    assert.equal("pending", (await(transport(nil), place(2000), "flight", 0)))
    assert.equal(1000, clock)
  end)
end)
