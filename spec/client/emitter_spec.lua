-- emitter: events reach the listener, and its mistakes reach nothing.
local emitter = require "equinix.client.emitter"

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

  it("needs no listener, and survives one that raises", function()
    emitter.new(nil)("event", {})
    emitter.new(function()
      error "on purpose"
    end)("event", {})
  end)
end)
