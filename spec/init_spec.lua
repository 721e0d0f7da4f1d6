-- init: the front door.
local core = require "equinix.core"
local equinix = require "equinix"

describe("equinix", function()
  it("hands out the stores, loaded when they are asked for", function()
    assert.equal(equinix.store.file, require "equinix.store.file")
    assert.equal(equinix.store.redis, require "equinix.store.redis")
    assert.is_nil(equinix.store.floppy)
  end)

  it("has the version of its core", function()
    assert.equal(core._VERSION, equinix._VERSION)
  end)

  it("refuses a core of another version and says what to do", function()
    local loaded, version = package.loaded["equinix"], core._VERSION
    package.loaded["equinix"], core._VERSION = nil, "0.0.1"
    local ok, message = pcall(require, "equinix")
    package.loaded["equinix"], core._VERSION = loaded, version
    assert.is_false(ok)
    assert.truthy(message:find("0.0.1", 1, true))
    assert.truthy(message:find("restart", 1, true))
  end)

  it("asserts with a string, for hosts that want one", function()
    local ok, message = pcall(equinix.assert, nil, setmetatable({}, {
      __tostring = function()
        return "what happened"
      end,
    }))
    assert.is_false(ok)
    assert.equal("string", type(message))
    assert.truthy(message:find("what happened", 1, true))
    assert.equal(1, (equinix.assert(1, 2)))
  end)
end)
