-- status/chart: numbers in, SVG out.
local chart = require "equinix.service.status.chart"

local SERIES = { { name = "a", class = "answered", label = "fine" },
  { name = "b", class = "failed", label = "<broken>" } }

local function minutes(...)
  local list = {}
  for i, counts in ipairs { ... } do
    counts.at = i * 60
    list[i] = counts
  end
  return list
end

describe("the top of a scale", function()
  it("is the next of 1, 2 and 5 with zeros", function()
    for value, top in pairs { [0] = 1, [1] = 1, [2] = 2, [3] = 5, [5] = 5,
      [6] = 10, [11] = 20, [999] = 1000, [2000001] = 5000000 } do
      assert.equal(top, chart.top(value))
    end
  end)
end)

describe("bars", function()
  it("stand upon each other, and say what they are", function()
    local svg = chart.bars(minutes({ a = 6, b = 4 }, {}, { a = 10 }), SERIES,
      { label = "All <of> it", class = "low", hints = true })
    assert.matches('viewBox="0 0 30 100"', svg, 1, true)
    assert.matches('aria-label="All &lt;of&gt; it"', svg, 1, true)
    assert.matches("<title>00:01: 6 answered, 4 failed</title>", svg, 1,
      true)
    assert.matches('class="answered" d="M1 100h8V40h-8zM21 100h8V0h-8z"', svg,
      1, true)
    assert.matches('class="failed" d="M1 40h8V0h-8z"', svg, 1, true)
    assert.equal(2, select(2, svg:gsub("<rect", ""))) -- none for the second
    assert.equal(10, chart.peak(minutes({ a = 6, b = 4 }, { a = 9 }), SERIES))
  end)

  it("are seen, however small they are", function()
    local svg = chart.bars(minutes { a = 1, b = 9999 }, SERIES,
      { label = "x", class = "" })
    assert.matches("M1 100h8V98h-8z", svg, 1, true)
    assert.matches("M1 98h8V0h-8z", svg, 1, true)
    assert.is_nil(svg:find("hints", 1, true))
  end)
end)

describe("a ring", function()
  local function ring(left)
    return chart.ring { left = left, due = 0.2, class = "ok", label = "a",
      big = "b", small = "c" }
  end

  it("has an arc for what is left, and one for the renewal", function()
    assert.matches('stroke-dasharray="75 100"', ring(0.75), 1, true)
    assert.matches('class="due"[^>]*stroke%-dasharray="20 100"', ring(0.75))
  end)

  it("is empty at the end", function()
    assert.is_nil(ring(0):find('class="left', 1, true))
  end)
end)
