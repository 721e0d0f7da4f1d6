-- page_window: how many pages are asked for ahead, and how large they may be.
local page_window = require "equinix.http.page_window"

local MIB = 1024 * 1024

describe("the window of pages ahead", function()
  it("opens as guesses prove right, to what was asked for", function()
    local window, sizes = page_window.new(8), {}
    for i = 1, 5 do
      sizes[i] = window:size()
      window:right()
    end
    assert.same({ 2, 4, 8, 8, 8 }, sizes)
    assert.equal(1, page_window.new(1):size())
    window = page_window.new(3)
    window:right()
    assert.equal(3, window:size())
  end)

  it("halves for good, down to one", function()
    local window, sizes = page_window.new(8), {}
    for _ = 1, 3 do
      window:right()
    end
    for i = 1, 4 do
      window:narrow()
      window:right()
      sizes[i] = window:size()
    end
    assert.same({ 4, 2, 1, 1 }, sizes)
  end)

  it("never holds more than 64 MiB, whatever comes in which order", function()
    -- Pages that were asked for have their shares until they are read.
    local random = 1
    local function any(n)
      random = (random * 16807) % 2147483647
      return random % n
    end
    for _ = 1, 200 do
      local window, held = page_window.new(1 + any(64)), {}
      for _ = 1, 100 do
        local what = any(5)
        if what == 0 then
          window:right()
        elseif what == 1 and any(10) == 0 then
          window:narrow()
        elseif what == 2 then
          window:seen(any(any(2) == 0 and 20000 or 30 * MIB))
        elseif what == 3 then
          table.remove(held, 1)
        end
        while #held < window:size() do
          held[#held + 1] = window:share()
        end
        local sum = 0
        for _, share in ipairs(held) do
          sum = sum + share
        end
        assert.is_true(sum <= 64 * MIB or #held == 1)
      end
    end
  end)

  it("lets fewer large pages in, and a page too large narrows it", function()
    local window = page_window.new(8)
    for _ = 1, 3 do
      window:right()
    end
    assert.equal(8 * MIB, window:share())
    window:seen(10 * MIB)
    assert.equal(5, window:size())
    window:too_large(window:share())
    assert.equal(2, window:size())
    window:seen(60 * MIB)
    assert.equal(1, window:size())
  end)
end)
