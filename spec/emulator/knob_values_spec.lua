-- emulator/knob_values: what the knobs are set to, and for how many requests.
local knob_values = require "equinix.emulator.knob_values"
local worlds = require "spec.support.world"

describe("the values of the knobs", function()
  local world
  before_each(function()
    world = worlds.new { lifetime = 100, html = true, times = 2 }
  end)

  it("are those that were set, of the start, or the default", function()
    knob_values.set(world, "latency", 3)
    local values, counts = knob_values.all(world)
    assert.equal(3, values.latency)
    assert.equal(100, values.lifetime)
    assert.equal(0, values.status)
    assert.is_nil(counts.latency)
    assert.is_nil(counts.lifetime)
  end)

  it("count for so many requests, and then return to the start", function()
    local count = knob_values.count(world, 2)
    knob_values.set(world, "status", 503, count)
    for left = 2, 1, -1 do
      local values, counts = knob_values.all(world)
      assert.same({ 503, count, left }, { values.status, counts.status,
        knob_values.left(world, count) })
      assert.is_true(knob_values.take(world, count))
    end
    assert.is_false(knob_values.take(world, count))
    assert.equal(0, knob_values.left(world, count))
    assert.equal(0, (knob_values.all(world)).status)
  end)

  it("have no count where times is 0", function()
    assert.is_nil(knob_values.count(world, 0))
  end)

  it("of the start count, too, and return to the default", function()
    local values, counts = knob_values.all(world)
    assert.same({ true, 2 }, { values.html, values.times })
    assert.is_true(knob_values.take(world, counts.html))
    assert.is_true(knob_values.take(world, counts.html))
    assert.is_false(knob_values.take(world, counts.html))
    values = knob_values.all(world)
    assert.same({ false, 0 }, { values.html, values.times })
  end)

  it("show the longest count as times", function()
    knob_values.set(world, "cut", true, knob_values.count(world, 5))
    assert.equal(5, (knob_values.all(world)).times)
  end)

  it("are put right where a count has ended meanwhile", function()
    local count = knob_values.count(world, 1)
    knob_values.set(world, "status", 503, count)
    knob_values.set(world, "cut", true)
    local values, counts = knob_values.all(world)
    knob_values.take(world, count)
    knob_values.expire(world, values, counts, count)
    assert.same({ 0, true }, { values.status, values.cut })
    assert.is_nil(counts.status)
  end)
end)
