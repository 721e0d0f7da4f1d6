-- emulator/errors: the bodies of Equinix's error responses.
local errors = require "equinix.emulator.errors"

describe("the emulator's errors", function()
  it("of Fabric are an array, even of one", function()
    local response = errors.fabric(400, "EQ-1", "No", {
      info = { { property = "a", reason = "b" } },
    })
    assert.equal(1, #response.body)
    assert.equal("EQ-1", response.body[1].errorCode)
    assert.same({ { property = "a", reason = "b" } },
      response.body[1].additionalInfo)
  end)

  it("have the codes that Equinix has for a status", function()
    for status, code in pairs {
      [401] = "EQ-3000039", [403] = "EQ-3045003", [404] = "EQ-3045811",
    } do
      local response = errors.of_status(status)
      assert.equal(status, response.status)
      assert.equal(code, response.body[1].errorCode)
    end
  end)

  it("of the gateway know the path and the time, and no product", function()
    assert.same({
      message = "No", statusCode = 503, path = "/x",
      timestamp = "1970-01-01T00:00:01Z",
    }, errors.gateway(503, "No", "/x", 1.5).body)
  end)

  it("of Network Edge are an object for one, an array for several",
    function()
      assert.same({ errorCode = "EMU-NE-404", errorMessage = "Not Found" },
        errors.network_edge(404).body)
      local info = { { property = "a", reason = "b" } }
      assert.same({ errorCode = "EMU-NE-400", errorMessage = "b",
        property = "a" }, errors.network_edge(400, { info = info }).body)
      info[2] = { property = "c", reason = "d" }
      assert.equal("c", errors.network_edge(400, { info = info })
        .body[2].property)
    end)

  it("of orders v1 are a list, with a ticket", function()
    local response = errors.orders(400, {
      info = { { property = "a", reason = "b" } },
    })
    assert.is_true(response.ticketed)
    assert.same({ errors = { { code = "EMU-ORD-400", fields = { "a" },
      message = "b", messageParams = { "a" } } } }, response.body)
    assert.equal("Not Found", errors.orders(404).body.errors[1].message)
  end)

  it("that knobs force are the gateway's from 500 on, and for 429",
    function()
      for _, status in ipairs { 429, 500, 503 } do
        assert.equal(status, errors.forced({ path = "/x" }, status, {},
          errors.network_edge, 1).body.statusCode)
      end
      assert.equal("EMU-NE-409", errors.forced({ path = "/x" }, 409, {},
        errors.network_edge, 1).body.errorCode)
      assert.equal("EQ-3045811", errors.forced({ path = "/x" }, 404, {},
        nil, 1).body[1].errorCode)
    end)

  it("of STS are those of RFC 6749", function()
    assert.same({ error = "invalid_grant", error_description = "why" },
      errors.oauth(400, "invalid_grant", "why").body)
  end)
end)
