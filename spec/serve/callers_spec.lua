-- serve/callers: the requests in flight, and whose place the next one gets.
local callers = require "equinix.serve.callers"

local PER_ADDRESS, TOTAL = 1000, 4000

describe("the callers of a worker", function()
  local all, time
  before_each(function()
    time = 100
    all = callers.new(function()
      return time
    end)
  end)

  local function fill(address, count)
    local places = {}
    for i = 1, count do
      places[i] = assert(all:enter(address))
    end
    return places
  end

  -- A request that sends its body; the names of those that were dropped.
  local dropped
  local function reads(name, address)
    local place = assert(all:enter(address))
    all:read(place, 10, function()
      dropped[#dropped + 1] = name
    end)
    return place
  end
  before_each(function()
    dropped = {}
  end)

  it("have a limit for each address", function()
    local places = fill("a", PER_ADDRESS)
    assert.is_nil(all:enter "a")
    assert.is_table(all:enter "b")
    all:leave(places[1])
    assert.is_table(all:enter "a")
    assert.is_nil(all:enter "a")
  end)

  it("have a limit for all of them", function()
    for i = 1, TOTAL / PER_ADDRESS do
      fill(tostring(i), PER_ADDRESS)
    end
    assert.is_nil(all:enter "another")
  end)

  it("give a place back once, however often they leave", function()
    local places = fill("a", PER_ADDRESS)
    for _ = 1, 3 do
      all:leave(places[1])
    end
    assert.is_table(all:enter "a")
    assert.is_nil(all:enter "a")
  end)

  it("lose their place while they send a body, the slowest first", function()
    fill("a", PER_ADDRESS - 3)
    local one, two, three = reads("one", "a"), reads("two", "a"),
      reads("three", "a")
    all:done(one) -- now it waits for a token, and keeps its place
    assert.is_table(all:enter "a")
    assert.same({ "two" }, dropped)
    assert.is_table(all:enter "a")
    assert.same({ "two", "three" }, dropped)
    assert.is_nil(all:enter "a")
    all:leave(two) -- has no place to give back
    all:leave(three)
    assert.is_nil(all:enter "a")
    all:leave(one)
    assert.is_table(all:enter "a")
  end)

  it("lose it to another caller of their address only", function()
    reads("of b", "b")
    fill("a", PER_ADDRESS - 1)
    reads("of a", "a")
    assert.is_table(all:enter "a")
    assert.same({ "of a" }, dropped)
  end)

  it("lose it to any caller where all places are taken", function()
    reads("of b", "b")
    for i = 1, TOTAL / PER_ADDRESS - 1 do
      fill(tostring(i), PER_ADDRESS)
    end
    fill("c", PER_ADDRESS - 1)
    assert.is_table(all:enter "d")
    assert.same({ "of b" }, dropped)
    assert.is_nil(all:enter "d")
  end)

  it("lose it some time after the deadline of their body", function()
    fill("a", PER_ADDRESS - 2)
    reads("one", "a")
    reads("two", "a")
    time = time + 11.5
    assert.is_table(all:enter "b")
    assert.is_table(all:enter "a")
    assert.is_table(all:enter "a")
    assert.is_nil(all:enter "a")
    assert.same({}, dropped) -- nginx has ended both
  end)

  it("leave nothing behind", function()
    for _ = 1, 3 do
      local places = { reads("x", "a"), reads("y", "b"), reads("z", "a") }
      for _, i in ipairs { 2, 1, 3 } do
        all:leave(places[i])
      end
    end
    assert.same({}, all.of)
    assert.equal(0, all.total)
    assert.is_nil(all.oldest)
    assert.is_nil(all.youngest)
  end)
end)
