-- suggest: the name that was probably meant.
local suggest = require "equinix.base.suggest"

local KNOWN = { latency = 1, lifetime = 1, timeout = 1, client_id = 1,
  client_secret = 1, retry = 1, proxy = 1 }

describe("suggest.name", function()
  it("finds the name behind a typing error", function()
    for typed, meant in pairs {
      latancy = "latency", timout = "timeout", tiemout = "timeout",
      timeouts = "timeout", client_sceret = "client_secret",
      clientid = "client_id", ClientId = "client_id", proxi = "proxy",
      retry = "retry",
    } do
      assert.equal(meant, suggest.name(typed, KNOWN), typed)
    end
  end)

  it("suggests nothing where no name is similar", function()
    for _, name in ipairs { "", "x", "colour", "authorization", "pr",
      ("x"):rep(300) } do
      assert.is_nil(suggest.name(name, KNOWN), name)
    end
    assert.is_nil(suggest.name("a", {}))
    assert.is_nil(suggest.name("ca", { db = 1 }))
  end)

  it("returns the same name on every run", function()
    for _ = 1, 20 do
      local known = {}
      for _, name in ipairs { "bad", "bat", "bar", "bag" } do
        known[name] = 1
      end
      assert.equal("bad", suggest.name("bax", known))
    end
  end)
end)
