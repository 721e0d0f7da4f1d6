-- build: the versions of what answers.
local build = require "equinix.service.build"

describe("the versions", function()
  it("are those of this software and its libraries", function()
    local versions = build.versions()
    for _, name in ipairs { "version", "lua", "libcurl", "libcrypto" } do
      assert.matches("%d+%.%d", versions[name])
      assert.is_nil(versions[name]:find "/", versions[name])
    end
    assert.is_nil(versions.nginx)
  end)

  it("have nginx's as it is spelled", function()
    assert.equal("1.22.1", build.versions(1022001).nginx)
    assert.equal("1.25.3", build.versions(1025003).nginx)
  end)
end)
