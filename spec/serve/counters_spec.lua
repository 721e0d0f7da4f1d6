-- serve/batch: counters that are brought to all once a second. What stands
-- for ngx.shared and its timers is written down here.
local batch = require "equinix.serve.counters"

describe("a batch", function()
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

  it("adds up here, and brings the sum in one go", function()
    local b = batch.new(dict)
    for _ = 1, 100 do
      b:incr("a", 1)
      b:incr("b", 0.5)
    end
    assert.same({}, dict.values)
    assert.equal(1, #timers)
    timers[1]()
    assert.same({ a = 100, b = 50 }, dict.values)
    assert.equal(2, incrs)
  end)

  it("begins anew after that", function()
    local b = batch.new(dict)
    b:incr("a", 1)
    timers[1]()
    b:incr("a", 1)
    assert.equal(2, #timers)
    timers[2]()
    assert.same({ a = 2 }, dict.values)
  end)

  it("shows whoever reads here all that was counted here", function()
    local b = batch.new(dict)
    b:incr("a", 3)
    b:set("gauge", 7)
    local keys = b:get_keys(0)
    table.sort(keys)
    assert.same({ "a", "gauge" }, keys)
    assert.equal(3, b:get "a")
    assert.equal(7, b:get "gauge")
  end)

  it("loses nothing when no timer can be had", function()
    local b = batch.new(dict)
    refused = true
    b:incr("a", 1)
    refused = false
    b:incr("a", 1)
    timers[1]()
    assert.same({ a = 2 }, dict.values)
  end)
end)
