-- nearest: what was probably meant.
local nearest = require "equinix.base.suggest"

local KNOWN = { latency = 1, lifetime = 1, timeout = 1, client_id = 1,
  client_secret = 1, retry = 1, proxy = 1 }

describe("nearest.name", function()
  it("finds what a slip of the finger meant", function()
    for slip, meant in pairs {
      latancy = "latency", timout = "timeout", tiemout = "timeout",
      timeouts = "timeout", client_sceret = "client_secret",
      clientid = "client_id", ClientId = "client_id", proxi = "proxy",
      retry = "retry",
    } do
      assert.equal(meant, nearest.name(slip, KNOWN), slip)
    end
  end)

  it("guesses nothing where nothing is near", function()
    for _, name in ipairs { "", "x", "colour", "authorization", "pr",
      ("x"):rep(300) } do
      assert.is_nil(nearest.name(name, KNOWN), name)
    end
    assert.is_nil(nearest.name("a", {}))
  end)

  it("answers the same on every run", function()
    for _ = 1, 20 do
      local known = {}
      for _, name in ipairs { "bad", "bat", "bar", "bag" } do
        known[name] = 1
      end
      assert.equal("bad", nearest.name("bax", known))
    end
  end)
end)
