-- rate_limit: how often a tool may be called.
local rate_limit = require "equinix.service.mcp.rate_limit"

describe("the rate limit of a tool", function()
  local time, limit
  before_each(function()
    time = 1000.5
    limit = rate_limit.new(function()
      return time
    end)
  end)

  -- How many calls go through before one does not.
  local function burst(name)
    local n = 0
    while not limit:enter(name or "t") do
      n = n + 1
      assert(n < 10000)
    end
    return n
  end

  it("allows 100 calls at once", function()
    assert.equal(100, burst())
  end)

  it("allows 20 a second from then on", function()
    burst()
    for _ = 1, 5 do
      time = time + 1
      assert.equal(20, burst())
    end
    time = time + 0.5
    assert.equal(10, burst())
  end)

  it("allows 100 again after five seconds, and never more", function()
    burst()
    time = time + 5
    assert.equal(100, burst())
    time = time + 3600
    assert.equal(100, burst())
  end)

  it("says how long to wait, which is long enough", function()
    burst()
    local wait = limit:enter "t"
    assert.is_true(wait > 0 and wait <= 0.0501)
    time = time + wait + 1e-6
    assert.is_nil(limit:enter "t")
  end)

  it("counts each tool by itself, without the refused calls", function()
    burst "a"
    for _ = 1, 1000 do
      assert.is_number(limit:enter "a")
    end
    assert.equal(100, burst "b")
    time = time + 1
    assert.equal(20, burst "a")
  end)

  it("is shared by all workers that share a dictionary", function()
    local values = {}
    local dictionary = {
      get = function(_, key)
        return values[key]
      end,
      set = function(_, key, value)
        values[key] = value
      end,
    }
    local function now()
      return time
    end
    local one = rate_limit.new(now, dictionary)
    local other = rate_limit.new(now, dictionary)
    for _ = 1, 50 do
      assert.is_nil(one:enter "t")
      assert.is_nil(other:enter "t")
    end
    assert.is_number(one:enter "t")
    assert.is_number(other:enter "t")
  end)

  it("does not refuse for long when the clock is set back", function()
    burst()
    time = time - 100000
    assert.is_number(limit:enter "t")
    time = time + 1
    assert.is_nil(limit:enter "t")
  end)
end)
