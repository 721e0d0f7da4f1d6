-- error_message: the line that says what a server's error says. What clients
-- make of it is in spec/client/error_details_spec.
local error_message = require "equinix.http.error_message"

local function of(status, list, o)
  return error_message.of(status, "GET /x", { errors = list or {} }, o or {})
end

describe("the message of a server's error", function()
  it("ends with what the first error says", function()
    for said, detail in pairs {
      ["numberOfBoxes must be at least 1"] = { property = "numberOfBoxes",
        reason = "must be at least 1", message = "Bad Request" },
      ["vlan: No"] = { property = "vlan", message = "No" },
      ["vlan 7 is taken"] = { property = "vlan", message = "vlan 7 is taken" },
      ["only details"] = { details = "only details" },
      ["one line"] = { message = " one\r\n\0line\t" },
      name = { property = "name" },
    } do
      assert.equal("GET /x: 400: the request was not accepted: " .. said,
        of(400, { detail }))
    end
  end)

  it("is as before where the body says nothing", function()
    for _, list in ipairs { {}, { { code = "E" } }, { { message = " " } } } do
      assert.equal("GET /x: 422: the values were not accepted; see errors",
        of(422, list))
    end
  end)

  it("keeps a long text short, at the end of a character", function()
    for pad = 196, 200 do
      local message = of(500, { { message = ("x"):rep(pad)
        .. ("\226\130\172"):rep(99) } })
      local said = message:match ": (x.*) %.%.%.$"
      assert.is_true(#said <= 200 and #said > 195)
      assert.equal(0, (#said - pad) % 3)
    end
  end)

  it("says how many more there are", function()
    assert.matches(": a %(2 more in errors%)$", of(400, { { message = "a" },
      { message = "b" }, { message = "c" } }))
  end)

  it("says when, whatever the advice is", function()
    assert.equal("GET /x: 429: too many requests; try again in 120 s",
      of(429, nil, { retry_after = 120 }))
    assert.equal("GET /x: 503: Equinix failed; try again in 2 s",
      of(503, nil, { retry_after = 1.1 }))
    assert.equal("GET /x: 404: there is no such resource; try again in 1 s",
      of(404, nil, { retry_after = 1 }))
    assert.equal("GET /x: 429: too many requests; try again later",
      of(429, nil, { retry_after = 0 }))
  end)

  it("says how often", function()
    assert.equal("GET /x: 502 after 3 attempts: Equinix failed; try again "
      .. "later", of(502, nil, { attempts = 3 }))
    assert.equal("GET /x: 418: advice", of(418, nil, { attempts = 1,
      advice = "advice" }))
  end)
end)
