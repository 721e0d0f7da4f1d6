-- url: parsing, joining and escaping URLs.
local core = require "equinix.core"

local function refuses(url, words)
  local parts, reason = core.url(url)
  assert.is_nil(parts, url)
  assert.are.equal("the URL " .. words, reason)
end

describe("core.url", function()
  it("returns every part, and the port if it is omitted", function()
    assert.are.same({
      scheme = "https", host = "api.example", port = 443, path = "/",
      origin = "https://api.example:443", loopback = false,
    }, core.url "https://api.example")
    assert.are.same({
      scheme = "http", host = "[::1]", port = 8080, path = "/a/b",
      query = "x=1&y=?", origin = "http://[::1]:8080", loopback = true,
    }, core.url "http://[::1]:8080/a/b?x=1&y=?#part")
    assert.are.equal("http://h:80", core.url("http://h:/").origin)
  end)

  it("returns scheme and host in lower case, to compare origins", function()
    local parts = core.url "HTTPS://API.Example:443/Path"
    assert.are.equal("https://api.example:443", parts.origin)
    assert.are.equal("https", parts.scheme)
    assert.are.equal("api.example", parts.host)
    assert.are.equal("/Path", parts.path)
  end)

  it("returns the path unchanged, with its dots", function()
    for _, path in ipairs { "/a/../b", "/./x", "/%2e%2e/x", "/a//b", "/%00",
      "/a;b=c", "/%2F" } do
      assert.are.equal(path, core.url("https://h" .. path).path)
    end
  end)

  it("treats an empty query as none", function()
    assert.is_nil(core.url("https://h/?").query)
    assert.is_nil(core.url("https://h/#?x").query)
    assert.are.equal("?", core.url("https://h/??").query)
  end)

  it("calls only hosts loopback that stay on this machine",
    function()
      for _, host in ipairs { "localhost", "LOCALHOST", "127.0.0.1",
        "127.255.0.3", "[::1]" } do
        assert.is_true(core.url("http://" .. host).loopback, host)
      end
      for _, host in ipairs { "localhost.example", "xlocalhost", "128.0.0.1",
        "127.0.0.1.example", "10.0.0.1", "[::2]", "0.0.0.0",
        "[::ffff:10.0.0.1]" } do
        assert.is_false(core.url("http://" .. host).loopback, host)
      end
    end)

  it("refuses user info, in every disguise", function()
    for _, url in ipairs { "https://u@h/", "https://u:p@h/", "https://@h/",
      "https://:@h", "https://h@evil/", "https://h:443@evil/" } do
      refuses(url, "has user info")
    end
    -- After the authority it is a character like others.
    assert.are.equal("h", core.url("https://h/@evil").host)
    assert.are.equal("h", core.url("https://h?@evil").host)
    assert.are.equal("h", core.url("https://h#@evil").host)
  end)

  it("refuses other schemes and none", function()
    for _, url in ipairs { "", "h", "h/x", "//h/x", "/x", "ftp://h/",
      "file:///etc/passwd", "javascript:1", "https:h", "https:/h",
      "https", "httpss://h" } do
      refuses(url, "does not start with https:// or http://")
    end
  end)

  it("refuses a missing host", function()
    for _, url in ipairs { "https://", "https:///x", "https://?x",
      "https://#x", "https://:443/" } do
      refuses(url, "has no host")
    end
  end)

  it("refuses bytes that parsers read differently", function()
    refuses("https://h\\@evil/", "has a backslash")
    for _, byte in ipairs { "\0", "\t", "\n", "\r", " ", "\127", "\1" } do
      refuses("https://h/" .. byte, "has a space or control character")
      refuses(byte .. "https://h/", "has a space or control character")
    end
    refuses("https://h/\195\169",
      "has a byte beyond ASCII; percent-encode it")
    refuses("https://h%2eevil/", "has an escaped host")
  end)

  it("refuses ports that don't exist", function()
    refuses("https://h:0/", "has a port that does not exist")
    for _, port in ipairs { "65536", "99999999999", "x", "-1", "+1", "1:2" }
    do
      refuses("https://h:" .. port .. "/", "is malformed")
    end
    assert.are.equal(65535, core.url("https://h:65535").port)
  end)

  it("never repeats the URL in its reason", function()
    local _, reason = core.url "https://user:hunter2@h/"
    assert.is_nil(reason:find("hunter2", 1, true))
  end)

  it("raises for what is no string", function()
    assert.has_error(function()
      core.url(nil)
    end)
  end)
end)

describe("core.url_join", function()
  local BASE = "https://h:8443/a/b?q=1#part"

  it("resolves references as RFC 3986, 5.2 does", function()
    for reference, result in pairs {
      [""] = "https://h:8443/a/b?q=1",
      ["#other"] = "https://h:8443/a/b?q=1",
      ["?z"] = "https://h:8443/a/b?z",
      ["c"] = "https://h:8443/a/c",
      ["./c"] = "https://h:8443/a/c",
      ["../c"] = "https://h:8443/c",
      ["/../../c"] = "https://h:8443/c",
      ["/c?x#y"] = "https://h:8443/c?x",
      ["c/d:e"] = "https://h:8443/a/c/d:e",
      ["./d:e"] = "https://h:8443/a/d:e",
      ["//other/x"] = "https://other/x",
      ["http://other:80/x"] = "http://other:80/x",
      ["HTTPS://other/x"] = "https://other/x",
    } do
      local joined = assert(core.url_join(BASE, reference))
      -- Old libcurl keeps the case of the scheme.
      joined = joined:gsub("^HTTPS", "https")
      assert.are.equal(result, joined)
    end
  end)

  it("takes nothing from the base's fragment", function()
    assert.are.equal("https://h/z", core.url_join("https://h/a#x/y", "z"))
    assert.are.equal("https://h/a?p=2",
      core.url_join("https://h/a#x?y", "?p=2"))
  end)

  it("refuses other schemes, however they are written", function()
    for _, reference in ipairs { "ftp://h/", "javascript:1", "mailto:x",
      "http:x", "https:/x", "data:,x", "a:b" } do
      local joined, reason = core.url_join(BASE, reference)
      assert.is_nil(joined, reference)
      assert.are.equal("the URL does not start with https:// or http://",
        reason)
    end
  end)

  it("refuses what core.url would refuse", function()
    for _, reference in ipairs { "//u@h/", "https://u@h/", "//%68/",
      "/x y", "/x\\y", "/x\r\ny", "/\0", "/\195\169", "///x", "//",
      "//?x", "https://" } do
      assert.is_nil((core.url_join(BASE, reference)), reference)
      assert.is_nil((core.url_join(reference, "/x")), reference)
    end
  end)

  it("returns what core.url can parse", function()
    assert.are.equal("https://other:443",
      core.url(core.url_join(BASE, "//OTHER/x")).origin)
  end)
end)

describe("core.escape", function()
  it("keeps unreserved characters and encodes the rest", function()
    local all = {}
    for byte = 0, 255 do
      local c = string.char(byte)
      all[#all + 1] = c:find "[%w%-._~]" and c or ("%%%02X"):format(byte)
    end
    local bytes = {}
    for byte = 0, 255 do
      bytes[#bytes + 1] = string.char(byte)
    end
    assert.are.equal(table.concat(all), core.escape(table.concat(bytes)))
    assert.are.equal("", core.escape "")
  end)

  it("is not limited by the size of a buffer", function()
    assert.are.equal(("%20"):rep(100000), core.escape((" "):rep(100000)))
  end)
end)
