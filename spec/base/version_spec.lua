-- version: the number of this release.
describe("the version", function()
  it("is the front door's, and the core's", function()
    local version = require "equinix.base.version"
    assert.equal(require("equinix")._VERSION, version)
    assert.equal(require("equinix.core")._VERSION, version)
  end)
end)
