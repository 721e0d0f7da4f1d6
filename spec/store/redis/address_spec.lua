-- address: hosts and ports as they are written.
local address = require "equinix.store.redis.address"

describe("an address", function()
  it("is a name, an IPv4 or an IPv6 address, and perhaps a port", function()
    for text, expected in pairs {
      ["a.example"] = { "a.example", 1 },
      ["a.example:6380"] = { "a.example", 6380 },
      ["10.0.0.1:65535"] = { "10.0.0.1", 65535 },
      ["[::1]"] = { "::1", 1 },
      ["[2001:db8::7]:1"] = { "2001:db8::7", 1 },
    } do
      assert.same(expected, { address.read(text, 1) })
    end
  end)

  it("is refused where it is not, without a word of it", function()
    for text, pattern in pairs {
      [""] = "no host", [":1"] = "no host", ["a:0"] = "port",
      ["a:65536"] = "port", ["a:hunter2"] = "port", ["a:"] = "port",
      ["::1"] = "brackets", ["::1:6379"] = "brackets",
      ["[hunter2]:1"] = "IPv6", ["[::1]x"] = "port",
      ["hunter2/x"] = "%%2F", ["a b"] = "name",
    } do
      local host, port, message = address.read(text)
      assert.is_nil(host)
      assert.is_nil(port)
      assert.matches(pattern, message)
      assert.not_matches("hunter2", message)
    end
  end)

  it("has an option to itself without port and scheme", function()
    assert.equal("::1", address.host "[::1]")
    assert.equal("::1", address.host "::1")
    assert.equal("a.example", address.host "a.example")
    for text, pattern in pairs {
      ["a.example:6379"] = "option port", ["[::1]:6379"] = "option port",
      ["redis://a"] = "option url", ["/run/redis.sock"] = "option path",
      ["a b"] = "name or an address", [""] = "name or an address",
    } do
      local host, message = address.host(text)
      assert.is_nil(host)
      assert.matches(pattern, message)
    end
  end)

  it("that Redis names has an IPv6 address without brackets", function()
    assert.same({ "::1", 7000 }, { address.of_redis "::1:7000" })
    assert.same({ "a.example", 7000 }, { address.of_redis "a.example:7000" })
    assert.same({ "", 7000 }, { address.of_redis ":7000" })
    for _, text in ipairs { "", "a", "a:", "a:0", "a b:1", "a:1@2" } do
      assert.is_nil((address.of_redis(text)))
    end
  end)

  it("is named with brackets where it needs them", function()
    assert.equal("[::1]:1", address.text { host = "::1", port = 1 })
    assert.equal("a:1", address.text { host = "a", port = 1 })
    assert.equal("/run/x", address.text { path = "/run/x" })
  end)
end)
