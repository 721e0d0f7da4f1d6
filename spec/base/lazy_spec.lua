-- lazy: loaded at the first use, and only then.
local lazy = require "equinix.base.lazy"

describe("a lazy module", function()
  local loads
  before_each(function()
    loads = 0
    package.loaded["spec.lazy.sample"] = nil
    package.preload["spec.lazy.sample"] = function()
      loads = loads + 1
      return { answer = 42, ask = function(x) return x end }
    end
  end)
  after_each(function()
    package.preload["spec.lazy.sample"] = nil
  end)

  it("is loaded when a member is first used", function()
    local sample = lazy "spec.lazy.sample"
    assert.equal(0, loads)
    assert.equal(42, sample.answer)
    assert.equal(7, sample.ask(7))
    assert.equal(1, loads)
  end)

  it("is a plain table from then on", function()
    local sample = lazy "spec.lazy.sample"
    assert.is_nil(sample.missing)
    assert.is_nil(getmetatable(sample))
    assert.equal(42, rawget(sample, "answer"))
  end)
end)
