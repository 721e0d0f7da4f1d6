-- emulator/errors: the bodies Equinix sends when it says no.
local errors = require "equinix.emulator.errors"

describe("the emulator's errors", function()
  it("of the API are an array, even one", function()
    local response = errors.api(400, "EQ-1", "No", {
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

  it("of STS are those of RFC 6749", function()
    assert.same({ error = "invalid_grant", error_description = "why" },
      errors.oauth(400, "invalid_grant", "why").body)
  end)
end)
