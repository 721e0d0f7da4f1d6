-- emitter: events reach the listener, and its mistakes reach nothing.
local emitter = require "equinix.client.emitter"
local readme = require "spec.support.readme"

describe("an emitter", function()
  it("passes a name and fields on", function()
    local heard = {}
    local emit = emitter.new(function(name, fields)
      heard[#heard + 1] = name .. fields.n
    end)
    emit("first", { n = 1 })
    emit("second", { n = 2 })
    assert.same({ "first1", "second2" }, heard)
  end)

  it("passes events on to the listeners that name them", function()
    local heard = {}
    local function keep(name)
      heard[#heard + 1] = name
    end
    local emit = emitter.new({ retry = keep, wait = keep })
    emit("retry", {})
    emit("latched", {})
    emit("wait", {})
    assert.same({ "retry", "wait" }, heard)
  end)

  it("keeps the steps from a listener of all, not from the log", function()
    local heard, logged = {}, {}
    local emit = emitter.new(function(name)
      heard[#heard + 1] = name
    end, function(name)
      logged[#logged + 1] = name
      error "a full disk"
    end)
    emit("store_step", {})
    emit("retry", {})
    assert.same({ "retry" }, heard)
    assert.same({ "store_step", "retry" }, logged)
  end)

  it("needs no listener, and survives one that raises", function()
    emitter.new(nil)("event", {})
    emitter.new(function()
      error "on purpose"
    end)("event", {})
  end)

  it("knows the names of the chapter on events, and no other", function()
    local told = {}
    local text = readme.text "docs/errors-and-events.md"
    for name in text:match "\n## Events\n(.*)$":gmatch "\n| `([%w_]+)`" do
      told[name] = "function"
    end
    assert.same(told, emitter.NAMES)
  end)
end)
