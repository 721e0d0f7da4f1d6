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

  it("is loaded with all others before a program loses its files", function()
    lazy "spec.lazy.sample"
    lazy "spec.lazy.missing"
    lazy.load_all()
    assert.equal(1, loads)
    local sample = lazy "spec.lazy.sample"
    package.preload["spec.lazy.sample"] = nil
    assert.equal(42, sample.answer)
  end)

  it("brings those that it names itself", function()
    package.loaded["spec.lazy.second"] = nil
    package.preload["spec.lazy.second"] = function()
      lazy "spec.lazy.sample"
      return {}
    end
    lazy "spec.lazy.second"
    lazy.load_all()
    assert.equal(1, loads)
    package.preload["spec.lazy.second"] = nil
  end)
end)
