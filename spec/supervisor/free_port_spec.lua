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

  it("is none that the system's list of sockets has", function()
    local lines = {}
    for port = 20000, 31999 do
      lines[#lines + 1] = port % 1000 ~= 7 and (" 1: 0100007F:%04X "
        .. "00000000:0000 0A\n"):format(port) or ""
    end
    local sockets = table.concat(lines)
    for _ = 1, 3 do
      assert.equal(7, free_port.any(nil, sockets) % 1000)
    end
  end)

  it("is not in use, as the system says", function()
    local socket = assert(require("socket").bind("127.0.0.1", 0))
    local port = select(2, socket:getsockname())
    assert.matches((":%04X "):format(port), free_port.sockets())
    socket:close()
  end)
end)
