-- serve/counters: counters that all workers share. ngx.shared and the timers
-- are fakes here.
local counters = require "equinix.serve.counters"

describe("the counters", function()
  local dict, timers, incrs, refused

  before_each(function()
    timers, incrs, refused = {}, 0, false
    dict = { values = {} }
    function dict:incr(key, by, init)
      incrs = incrs + 1
      self.values[key] = (self.values[key] or init) + by
    end
    function dict:set(key, value)
      self.values[key] = value
    end
    function dict:get(key)
      return self.values[key]
    end
    function dict:get_keys()
      local keys = {}
      for key in pairs(self.values) do
        keys[#keys + 1] = key
      end
      return keys
    end
    _G.ngx = { timer = { at = function(_, f)
      if refused then
        return nil, "too many"
      end
      timers[#timers + 1] = f
      return true
    end } }
  end)
  after_each(function()
    _G.ngx = nil
  end)

  it("are added up, and written as one sum", function()
    local c = counters.new(dict)
    for _ = 1, 100 do
      c:incr("a", 1)
      c:incr("b", 0.5)
    end
    assert.same({}, dict.values)
    assert.equal(1, #timers)
    timers[1]()
    assert.same({ a = 100, b = 50 }, dict.values)
    assert.equal(2, incrs)
  end)

  it("start again after that", function()
    local c = counters.new(dict)
    c:incr("a", 1)
    timers[1]()
    c:incr("a", 1)
    assert.equal(2, #timers)
    timers[2]()
    assert.same({ a = 2 }, dict.values)
  end)

  it("show a reader in this worker all that it counted", function()
    local c = counters.new(dict)
    c:incr("a", 3)
    c:set("gauge", 7)
    local keys = c:get_keys(0)
    table.sort(keys)
    assert.same({ "a", "gauge" }, keys)
    assert.equal(3, c:get "a")
    assert.equal(7, c:get "gauge")
  end)

  it("tell another one each sum that is written", function()
    local seen = {}
    local c = counters.new(dict, function(key, by)
      seen[#seen + 1] = key .. " " .. by
    end)
    c:incr("a", 2)
    c:incr("a", 3)
    assert.same({}, seen)
    timers[1]()
    assert.same({ "a 5" }, seen)
  end)

  it("lose nothing when there is no free timer", function()
    local c = counters.new(dict)
    refused = true
    c:incr("a", 1)
    refused = false
    c:incr("a", 1)
    timers[1]()
    assert.same({ a = 2 }, dict.values)
  end)
end)
