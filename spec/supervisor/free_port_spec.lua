-- supervisor/free_port: a port on which no program listens.
local free_port = require "equinix.supervisor.free_port"

describe("a free port", function()
  it("can be listened on", function()
    for _ = 1, 20 do
      local socket = require("socket").bind("127.0.0.1", free_port.any())
      assert.is_truthy(socket)
      socket:close()
    end
  end)

  it("is below those of outgoing connections", function()
    for _ = 1, 20 do
      local n = free_port.any()
      assert.is_true(n >= 20000 and n < 32000)
      assert.equal(0, n % 1)
    end
  end)

  it("is never the one that was excluded", function()
    local n = free_port.any()
    for _ = 1, 20 do
      assert.not_equal(n, free_port.any(n))
    end
  end)
end)
