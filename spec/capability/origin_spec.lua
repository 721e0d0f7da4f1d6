-- Where a baseUri may lead.
local origin = require "equinix.capability.origin"

local LOCAL = "http://127.0.0.1:8443"

describe("a baseUri", function()
  it("is Equinix' own with any safe path in front of its paths", function()
    for uri, prefix in pairs {
      ["https://api.equinix.com"] = "", ["https://api.equinix.com/"] = "",
      ["HTTPS://API.Equinix.com:443/metal/v1/"] = "/metal/v1",
      ["https://api.equinix.com/a-b_c.d~e"] = "/a-b_c.d~e",
    } do
      assert.equal(prefix, origin.prefix(uri))
      assert.equal(prefix, origin.prefix(uri, LOCAL))
    end
  end)

  it("is the configured base URL, whose own path is not doubled", function()
    assert.equal("", origin.prefix(LOCAL, LOCAL))
    assert.equal("/x", origin.prefix(LOCAL .. "/x", LOCAL))
    assert.equal("/x", origin.prefix(LOCAL .. "/base/x", LOCAL .. "/base"))
    assert.equal("/basement", origin.prefix(LOCAL .. "/basement",
      LOCAL .. "/base"))
    assert.equal("/v", origin.prefix("http://[::1]:1/v", "http://[::1]:1"))
  end)

  it("is nothing that only looks like one of them", function()
    for _, uri in ipairs {
      "https://api.equinix.com.evil.example", "https://api.equinix.com@evil",
      "https://api.equinix.com:443@evil.example", "http://api.equinix.com",
      "https://user:pw@api.equinix.com", "https://api.equinix.com:8443",
      "https://api.equinix.com.", "https://apiXequinix.com",
      "https://api.equinix.com\\.evil.example", "//api.equinix.com",
      "https://api.equinix.com#x", "https://api.equinix.com?x",
      "https://{{host}}/x", "https://${HOST}", "https://api.{env}.com",
      "https://sandboxapi.equinix.com", "ftp://api.equinix.com", "",
      "https:/api.equinix.com", " https://api.equinix.com",
      "https://api.equinix.com:0443", "https://\195\164pi.equinix.com",
      "https://api.equinix.com:", "api.equinix.com",
    } do
      local prefix, message = origin.prefix(uri, LOCAL)
      assert.is_nil(prefix, uri)
      assert.is_nil(message:find("pw", 1, true))
    end
    assert.truthy(select(2, origin.prefix "https://{{h}}/x")
      :find("template in its host", 1, true))
  end)

  it("has no path that two programs could read differently", function()
    for _, path in ipairs { "/..", "/a/../b", "/a//b", "/%2e", "/a?b", "/a#b",
      "/{{x}}", "/{x}", "/a b", "/a\\b", "/a;b" } do
      assert.is_nil(origin.prefix("https://api.equinix.com" .. path), path)
    end
  end)
end)
