-- emulator/own_origin: what of a browser may use /_emulator/.
local own_origin = require "equinix.emulator.own_origin"
local worlds = require "spec.support.world"

local HERE = "http://127.0.0.1:8443"

local function refusal(headers, method, path)
  return own_origin.refusal {
    method = method or "GET",
    path = path or "/_emulator/log",
    headers = headers,
    base_url = "http://" .. (headers.host or "localhost"),
  }
end

describe("a request below /_emulator/", function()
  it("may come from a program, which sends none of these headers", function()
    assert.is_nil(refusal { host = "127.0.0.1:8443" })
    assert.is_nil(refusal({ host = "127.0.0.1:8443" }, "POST"))
    assert.is_nil(refusal {})
  end)

  it("may name this machine in each way, with any port", function()
    for _, host in ipairs { "127.0.0.1", "localhost:8443", "LocalHost",
      "[::1]:8443", "127.0.0.1:1" } do
      assert.is_nil(refusal { host = host }, host)
    end
  end)

  it("is refused where a name was made to lead here", function()
    for _, host in ipairs { "rebound.test", "rebound.test:8443",
      "127.0.0.1.rebound.test", "localhost.rebound.test:8443", "::1",
      "rebound.test#127.0.0.1", "127.0.0.1:8443:1", "", "10.0.0.1:8443" } do
      assert.matches("the Host must be", refusal { host = host }, nil, true)
    end
  end)

  it("may come from the console's own page", function()
    for _, site in ipairs { "same-origin", "none" } do
      assert.is_nil(refusal({ host = "127.0.0.1:8443", origin = HERE,
        ["sec-fetch-site"] = site }, "POST"))
    end
  end)

  it("is refused from a page of another origin", function()
    for _, origin in ipairs { "http://example.com", "null",
      "https://127.0.0.1:8443", "http://127.0.0.1:3000",
      "http://localhost:8443", "http://127.0.0.1", "" } do
      for _, method in ipairs { "GET", "POST" } do
        assert.matches("another origin", refusal({ host = "127.0.0.1:8443",
          origin = origin }, method), nil, true)
      end
    end
  end)

  it("is refused where only Fetch Metadata tells, but for a link", function()
    local host = "127.0.0.1:8443"
    local function of(changes, path, method)
      local headers = { host = host, ["sec-fetch-site"] = "cross-site",
        ["sec-fetch-mode"] = "navigate", ["sec-fetch-dest"] = "document" }
      for name, value in pairs(changes) do
        headers[name] = value
      end
      return refusal(headers, method, path)
    end
    assert.is_nil(of({}, "/_emulator/"))
    assert.is_nil(of({ ["sec-fetch-site"] = "same-site" }, "/_emulator/"))
    assert.is_string(of({}, "/_emulator/log"))
    assert.is_string(of({}, "/_emulator/", "POST"))
    assert.is_string(of({ ["sec-fetch-dest"] = "iframe" }, "/_emulator/"))
    assert.is_string(of({ ["sec-fetch-mode"] = "no-cors",
      ["sec-fetch-dest"] = "script" }, "/_emulator/console/panels.js"))
    assert.is_string(of({ ["sec-fetch-site"] = "same-site",
      ["sec-fetch-mode"] = "cors" }, "/_emulator/log"))
  end)

  it("changes nothing when it is refused; the API has no such rule",
    function()
      local world = worlds.new()
      for _, path in ipairs { "config", "reset" } do
        local response = world:send("POST", "/_emulator/" .. path, {
          headers = { host = "127.0.0.1", origin = "http://example.com" },
          body = '{"latency": 3}',
        })
        assert.equal(403, response.status)
      end
      assert.equal(0, world:send("GET", "/_emulator/config").json.latency
        .value)
      assert.equal(401, world:send("GET", "/fabric/v4/health", {
        headers = { host = "emulator.test", origin = "http://example.com" },
      }).status)
      assert.equal(1, #world:send("GET", "/_emulator/log").json.requests)
    end)
end)
