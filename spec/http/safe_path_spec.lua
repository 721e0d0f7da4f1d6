-- safe_path: a path that every program reads alike. What is not safe is listed
-- in service/mcp/allowlist_spec.lua, too.
local safe_path = require "equinix.http.safe_path"

describe("a safe path", function()
  it("has plain segments, and escapes of characters beyond them", function()
    for _, path in ipairs { "/", "/fabric/v4/ports", "/a/b%20c", "/a/%C3%A9",
      "/a/b..c/~d:e@f", "/fabric/", "/used/token", "/oauth" } do
      assert.is_true(safe_path.is_safe(path), path)
    end
  end)

  it("has nothing that two programs read differently", function()
    for _, path in ipairs { "", "a", "//a", "/a//b", "/.", "/a/..", "/a/./b",
      "/a/%2e%2e/b", "/a%2fb", "/a%5Cb", "/a\\b", "/a;b", "/a?b", "/a#b",
      "/a b", "/a%", "/a%4", "/a%25", "/a%00", "/a%0a", "/a%7F", "/a%ff",
      "/a/%c0%ae", "/\195\169" } do
      assert.is_false(safe_path.is_safe(path), path)
    end
  end)

  it("gives no token out, in any case of letters", function()
    for _, path in ipairs { "/oauth2/v1/token", "/OAuth2", "/%6fauth2/x",
      "/use/token", "/USE/Token/", "/use/%74oken", "/sts/use/token",
      "/a/b/Use/Token/c", "/use%3Bv=1/token", "/use%3bv/token%3bw",
      "/a%3Bb/use/token", "/%3Bx/oauth2/v1/token",
      "/gateway/OAuth2/v1/token" } do
      assert.is_false(safe_path.is_safe(path), path)
    end
  end)

  it("is that of a URL, without its query", function()
    assert.equal("/a/b", safe_path.of_url "https://host:1/a/b?c=/d#e")
    assert.equal("/", safe_path.of_url "https://host")
    assert.equal("/", safe_path.of_url "https://host?a=/b")
  end)
end)
