-- versions: what to print when something has to be reported.
local core = require "equinix.core"
local equinix = require "equinix"

describe("the versions", function()
  it("name the libraries that are in use", function()
    local versions = core.versions()
    assert.matches("^libcurl/%d+%.%d+", versions.libcurl)
    assert.matches("SSL", versions.libcrypto)
  end)

  it("name the flavour of libcurl that the tests were told to run on",
    function()
      local flavour = os.getenv "LIBCURL" or "libcurl"
      assert.matches(flavour, core.versions().libcurl)
    end)

  it("are to be had from the front door, ours among them", function()
    local versions = equinix.versions()
    assert.equal(equinix._VERSION, versions.equinix)
    assert.equal(core.versions().libcurl, versions.libcurl)
    assert.equal(rawget(_G, "jit") and jit.version or _VERSION, versions.lua)
  end)
end)
