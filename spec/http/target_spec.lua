-- target: the bearer token is sent to the allowed origins, and nowhere else.
local err = require "equinix.base.error"
local target = require "equinix.http.target"

local BASE = "https://api.equinix.com"
local CONFIG = {
  base_url = BASE,
  allowed = {
    ["https://api.equinix.com:443"] = true,
    ["https://other.example:8443"] = true,
  },
}

local function url(path, query)
  return target.url(CONFIG, path, query)
end

describe("target.url", function()
  it("joins base_url and path unchanged", function()
    for path, expected in pairs {
      ["/"] = BASE .. "/",
      ["/fabric/v4/ports"] = BASE .. "/fabric/v4/ports",
      ["/a/../b/./c"] = BASE .. "/a/../b/./c",
      ["/a%2e%2e%2fb"] = BASE .. "/a%2e%2e%2fb",
      ["/a//b"] = BASE .. "/a//b",
      ["/@evil.example/:80"] = BASE .. "/@evil.example/:80",
      ["/a?b=c"] = BASE .. "/a?b=c",
    } do
      assert.equal(expected, url(path))
    end
    assert.equal("http://localhost:1/v1/a", target.url({
      base_url = "http://localhost:1/v1",
      allowed = { ["http://localhost:1"] = true },
    }, "/a"))
  end)

  it("accepts an absolute URL on an allowed origin, however it is written",
    function()
      for _, absolute in ipairs {
        BASE .. "/a", "https://api.equinix.com:443/a",
        "HTTPS://API.Equinix.COM/a", "https://other.example:8443/a?b",
      } do
        assert.equal(absolute, url(absolute))
      end
    end)

  it("refuses every other origin, and names it", function()
    for absolute, origin in pairs {
      ["https://evil.example/a"] = "https://evil.example:443",
      ["http://api.equinix.com/a"] = "http://api.equinix.com:80",
      ["https://api.equinix.com:444/a"] = "https://api.equinix.com:444",
      ["https://other.example/a"] = "https://other.example:443",
      ["https://api.equinix.com.evil/"] = "https://api.equinix.com.evil:443",
      ["https://evil.example?@api.equinix.com"] = "https://evil.example:443",
    } do
      local refused, problem = url(absolute)
      assert.is_nil(refused, absolute)
      assert.matches(origin, problem.message, 1, true)
    end
  end)

  it("refuses what two parsers could read differently", function()
    for _, path in ipairs {
      "", "fabric/v4", "?a=b", "//evil.example/a", "///a", "\\\\evil",
      "/\\evil.example", "/a\\b", "/a b", "/a\nb", "/a\r\nHost: x", "/a\0b",
      "/a\127", "/a\t", " /a", "/a\195\164", "/a#b", BASE .. "/a#b",
      "https://api.equinix.com@evil.example/", "https://u@api.equinix.com/",
      "https://u:p@api.equinix.com/", "https:/api.equinix.com/a",
      "https:api.equinix.com/a", "https:///api.equinix.com/a", "https://",
      "https://:443/a", "https://api.equinix.com:0/a", "api.equinix.com/a",
      "https://api.equinix.com:99999/a", "ftp://api.equinix.com/a",
      "file:///etc/passwd", "javascript:1", ":443/a", "@evil.example/a",
      "https://api%2eequinix.com/a", "https://api.equinix.com\\@evil/",
    } do
      local refused, problem = url(path)
      assert.is_nil(refused, path)
      assert.is_true(err.is(problem))
      assert.equal("config", problem.kind)
      assert.equal("bad_path", problem.code)
    end
    assert.is_nil((url(nil)))
    assert.is_nil((url(7)))
    assert.is_nil((url {}))
  end)

  it("says that a path starts with a slash where it lacks that", function()
    for _, path in ipairs { "", "fabric/v4/ports", "?a=b", " /a", "../a",
      "api.equinix.com/a", "localhost:8080/a", "https:/api.equinix.com/a",
      "@evil.example/a" } do
      local _, problem = url(path)
      assert.matches("the path is refused: it must start with /, such as "
        .. "/fabric/v4/ports", problem.message)
      assert.not_matches("origin [^,]+ is", problem.message)
    end
    local _, problem = url "https://evil.example/a"
    assert.matches("origin https://evil.example:443 is neither",
      problem.message)
  end)

  it("shows no user info and no query in its refusals", function()
    for _, path in ipairs { "https://u:SECRET@api.equinix.com/",
      "https://evil.example/?SECRET", "/a?SECRET b", "//SECRET" } do
      local _, problem = url(path)
      assert.not_matches("SECRET", tostring(problem))
    end
  end)

  it("adds a query, encoded, after the one of the path", function()
    for _, case in ipairs {
      { "/a", { b = "c d", e = { 1, 2 } }, "/a?b=c%20d&e=1&e=2" },
      { "/a?x=1", { b = "&#" }, "/a?x=1&b=%26%23" },
      { "/a", "b=c%20d", "/a?b=c%20d" },
      { "/a", "?b=c", "/a?b=c" },
      { "/a?x", "b", "/a?x&b" },
      { "/a", {}, "/a" },
      { "/a", "", "/a" },
    } do
      assert.equal(BASE .. case[3], url(case[1], case[2]))
    end
  end)

  it("refuses a query that would end early or change the request", function()
    for _, query in ipairs { "a=1#b", "a b", "a\r\nb", "a\\b", "\0" } do
      local refused, problem = url("/a", query)
      assert.is_nil(refused, query)
      assert.equal("bad_path", problem.code)
    end
  end)
end)

describe("target.redirect", function()
  local FROM = BASE .. "/a/b?c=SECRET"

  local function redirect(location)
    return target.redirect(FROM, location, "GET /a/b")
  end

  it("is followed within the origin", function()
    for location, expected in pairs {
      ["/x?y"] = BASE .. "/x?y",
      ["x"] = BASE .. "/a/x",
      ["../x"] = BASE .. "/x",
      ["?y"] = BASE .. "/a/b?y",
      [BASE .. "/x"] = BASE .. "/x",
      ["//api.equinix.com/x"] = BASE .. "/x",
      ["/x#fragment"] = BASE .. "/x",
    } do
      assert.equal(expected, redirect(location))
    end
    assert.truthy(redirect "https://API.EQUINIX.com:443/x")
  end)

  it("is not followed to another origin, which is named", function()
    for location, host in pairs {
      ["https://evil.example/?SECRET"] = "https://evil.example:443",
      ["//evil.example/SECRET"] = "https://evil.example:443",
      ["http://api.equinix.com/"] = "http://api.equinix.com:80",
      ["https://api.equinix.com:444/"] = "https://api.equinix.com:444",
      -- Allowed for the caller's own paths, not for a redirect.
      ["https://other.example:8443/"] = "https://other.example:8443",
    } do
      local refused, problem = redirect(location)
      assert.is_nil(refused)
      assert.equal("protocol", problem.kind)
      assert.equal("redirect", problem.code)
      assert.equal("GET /a/b", problem.op)
      assert.matches(host, problem.message, 1, true)
      assert.not_matches("SECRET", problem.message)
    end
  end)

  it("is not followed to what is not a URL that we accept", function()
    for _, location in ipairs { "https://u:SECRET@api.equinix.com/",
      "ftp://api.equinix.com/", "javascript:SECRET", "/a SECRET", "\\SECRET",
      "/a\r\nSECRET", "https://", "https:///SECRET", "/a, /SECRET" } do
      local refused, problem = redirect(location)
      assert.is_nil(refused, location)
      assert.equal("protocol", problem.kind)
      assert.not_matches("SECRET", problem.message)
    end
    assert.is_nil((redirect(nil)))
  end)
end)

describe("target.op", function()
  it("has method and path, never the query", function()
    assert.equal("GET /fabric/v4/ports",
      target.op("GET", BASE .. "/fabric/v4/ports?name=SECRET"))
    assert.equal("GET ?", target.op("GET", "nonsense"))
  end)
end)
