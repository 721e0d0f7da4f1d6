-- lazy: loaded at the first use, and only then.
local lazy = require "equinix.base.lazy"
local tables = require "equinix.base.table"

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

  it("that could not be loaded once is loaded the next time", function()
    -- Without memory, say. LuaJIT and Lua 5.1 mark what is being loaded; so
    -- they do with what it requires itself.
    local short = true
    package.preload["equinix.lazy_inner"] = function()
      return not short and { answer = 42 } or error("not enough memory", 0)
    end
    package.preload["equinix.lazy_sample"] = function()
      return { inner = require "equinix.lazy_inner" }
    end
    local sample = lazy "equinix.lazy_sample"
    for _ = 1, 2 do
      local ok, message = pcall(function() return sample.inner end)
      assert.is_false(ok)
      assert.equal("not enough memory", message)
      assert.is_nil(package.loaded["equinix.lazy_sample"])
      assert.is_nil(package.loaded["equinix.lazy_inner"])
    end
    short = false
    assert.equal(42, sample.inner.answer)
    for _, name in ipairs { "equinix.lazy_sample", "equinix.lazy_inner" } do
      package.preload[name], package.loaded[name] = nil, nil
    end
  end)

  it("is looked for once more where its file could not be read", function()
    local tries = 0
    package.preload["equinix.lazy_sample"] = function()
      tries = tries + 1
      return tries == 2 and { answer = 42 }
        or error("error loading module 'x' from file 'y':\n\tcannot open y", 0)
    end
    assert.equal(42, lazy "equinix.lazy_sample".answer)
    assert.equal(2, tries)
    package.preload["equinix.lazy_sample"] = nil
    package.loaded["equinix.lazy_sample"] = nil
  end)

  it("has no members missing where copying them broke off", function()
    local members = setmetatable({ first = 1 }, { __pairs = function() end })
    package.preload["spec.lazy.sample"] = function()
      return members
    end
    local sample, update = lazy "spec.lazy.sample", tables.update
    tables.update = function(self)
      self.first = 1
      error("not enough memory", 0)
    end
    assert.is_false(pcall(function() return sample.second end))
    tables.update = update
    setmetatable(members, nil).second = 2
    assert.equal(2, sample.second)
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
