-- allowlist: what an agent may call with a token handle.
local allowlist = require "equinix.service.mcp.allowlist"

local function parsed(texts)
  local list = {}
  for i, text in ipairs(texts) do
    list[i] = assert(allowlist.parse(text))
  end
  return list
end

-- Never allowed, even where everything else is.
local NEVER = {
  "/oauth2/v1/token", "/oauth2/v1/userinfo", "/oauth2/", "/oauth2",
  "/OAuth2/v1/token", "/OAUTH2/x", "/%6fauth2/v1/token", "/%4Fauth2/x",
  "/oauth%32/v1/token", "/use/token", "/use/token/", "/USE/Token",
  "/use/%74oken", "/%75se/token", "/use/token/x", "/use%2ftoken",
  "/oauth2%2Fv1%2ftoken", "/fabric/../oauth2/v1/token",
  "/fabric/%2e%2e/oauth2/v1/token", "/fabric/.%2E/oauth2/v1/token",
  "/fabric/..%2foauth2/v1/token", "/fabric/%252e%252e/oauth2/v1/token",
  "/fabric/..", "/fabric/.", "/./oauth2/v1/token", "/.", "/..",
  "//oauth2/v1/token", "/fabric//ports", "//host/fabric/", "/fabric/\\..\\",
  "/fabric/..\\oauth2", "/fabric/%5c..%5coauth2", "/;/oauth2/v1/token",
  "/fabric;x=1/../oauth2", "/oauth2;x/v1/token", "/fabric/..;/oauth2",
  "/fabric/v4?x=1", "/fabric/#x", "/fabric/ports%00", "/fabric/\0",
  "/fabric/ports\r\nX: y", "/fabric/%0d%0a", "/fabric/ ", "/fabric/é",
  "/fabric/%", "/fabric/%1", "/fabric/%zz", "/fabric/%7f", "",
  "fabric/v4/ports", "https://evil.example/fabric/", "/fabric/v4/\t",
  "/%2fuse/token", "/fabric/%2E%2E/use/token", "/fabric/%25",
  -- invalid UTF-8: dots, slashes and an o to careless decoders
  "/fabric/%c0%ae%c0%ae/x", "/fabric/%C0%AF", "/fabric/%ff", "/fabric/%e9",
  "/%c1%afauth2/v1/token", "/fabric/%e0%80%ae", "/fabric/%C3/%A9",
}

describe("the allowlist", function()
  it("allows reading below four paths by default, and nothing else",
    function()
      local list = parsed(allowlist.DEFAULT)
      for _, path in ipairs { "/fabric/v4/ports", "/fabric/", "/ne/v1/devices",
        "/colocations/v2/locations", "/power/v1/current",
        "/fabric/v4/ports/a%20b", "/fabric/v4/a.b..c/x", "/fabric/v4/~a:b@c",
        "/fabric/v4/ports/%C3%A9" } do
        assert.is_true(allowlist.allow(list, "GET", path), path)
        for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE", "HEAD",
          "get", "OPTIONS", "" } do
          assert.is_false(allowlist.allow(list, method, path), method)
        end
      end
      for _, path in ipairs { "/", "/fabric", "/Fabric/v4/ports", "/fabricx/",
        "/v1/orders/smarthands/x", "/powerful/x", "/x/fabric/" } do
        assert.is_false(allowlist.allow(list, "GET", path), path)
      end
    end)

  it("never allows an endpoint that issues tokens, nor an ambiguous path",
    function()
      local list = parsed { "GET /", "POST /" }
      assert.is_true(allowlist.allow(list, "GET", "/anything/else"))
      for _, path in ipairs(NEVER) do
        assert.is_false(allowlist.allow(list, "GET", path), path)
        assert.is_false(allowlist.allow(list, "POST", path), path)
      end
    end)

  it("covers all paths below one that ends in a slash, else only that one",
    function()
      local list = parsed { "POST /fabric/v4/ports/search" }
      assert.is_true(allowlist.allow(list, "POST", "/fabric/v4/ports/search"))
      for _, path in ipairs { "/fabric/v4/ports/search/",
        "/fabric/v4/ports/searches", "/fabric/v4/ports/search/x" } do
        assert.is_false(allowlist.allow(list, "POST", path))
      end
      assert.is_false(allowlist.allow(list, "GET", "/fabric/v4/ports/search"))
    end)

  it("refuses a rule for what is never allowed, or in another form",
    function()
      for _, text in ipairs { "", "GET", "/fabric/", "get /fabric/",
        "GET fabric/", "GET  /x", "GET /oauth2/", "POST /use/token",
        "GET /a/../b", "GET /OAuth2/v1/", "GET /a?b" } do
        local rule, message = allowlist.parse(text)
        assert.is_nil(rule, text)
        assert.matches("a rule must be a method and the start of a path",
          message)
      end
    end)
end)
