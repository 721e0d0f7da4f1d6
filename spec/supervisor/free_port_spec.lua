-- host/port: a port that nobody listens on.
local port = require "equinix.supervisor.free_port"

describe("any port", function()
  it("can be listened on", function()
    for _ = 1, 20 do
      local socket = require("socket").bind("127.0.0.1", port.any())
      assert.is_truthy(socket)
      socket:close()
    end
  end)

  it("is below those of outgoing connections", function()
    for _ = 1, 20 do
      local n = port.any()
      assert.is_true(n >= 20000 and n < 32000)
      assert.equal(0, n % 1)
    end
  end)

  it("is never the one that was named", function()
    local n = port.any()
    for _ = 1, 20 do
      assert.not_equal(n, port.any(n))
    end
  end)
end)
