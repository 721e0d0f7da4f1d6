-- memory: what C code finds, Lua sees as its own error.
local core = require "equinix.core"
local host = require "spec.support.host"

describe("C code without memory", function()
  it("is known by the words of Lua, wherever they stand", function()
    for _, text in ipairs { "not enough memory",
      "error loading module 'x':\n\tnot enough memory" } do
      assert.same({ false, text }, { pcall(core.in_c_locale, error, text, 0) })
    end
    assert.is_false(core.in_c_locale(error, { "not enough memory" }))
    assert.is_false(core.in_c_locale(error, "memory", 0))
  end)

  it("raises these without a position", function()
    assert.equal("", host.run("", "slot_starved"))
  end)
end)
