-- version: the library and its core are of one version.
local core = require "equinix.core"
local version = require "equinix.base.version"

describe("the version", function()
  it("is the core's", function()
    assert.equal(core._VERSION, version.VERSION)
    assert.is_nil(version.check())
  end)

  it("of another core is refused, with what to do", function()
    local own = core._VERSION
    core._VERSION = "0.0.1"
    local ok, message = pcall(version.check)
    core._VERSION = own
    assert.is_false(ok)
    assert.truthy(message:find("found equinix.core 0.0.1: install both", 1,
      true))
  end)
end)
