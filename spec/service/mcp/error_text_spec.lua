-- error_text: what went wrong, as a text for an agent.
local error_text = require "equinix.service.mcp.error_text"
local errors = require "equinix.base.error"

local REFUSED = '{"errorCode":"S1006","errorMessage":"Login Failure for '
  .. 's3cret"}'

describe("the text for a response", function()
  local function text_of(status, body, headers, secrets)
    return error_text.of_response({ status = status, body = body or "",
      headers = headers or {} }, secrets or {})
  end

  it("names the status, Equinix's code and message, and what to do",
    function()
      local said = text_of(401, REFUSED)
      assert.matches("Equinix responded with 401", said)
      assert.matches("S1006: Login Failure", said)
      assert.matches("Check the credentials", said)
      assert.matches("5 bad attempts", said)
    end)

  it("repeats no secret that the caller sent", function()
    assert.is_nil(text_of(400, REFUSED, nil, { "s3cret" }):find("s3cret", 1,
      true))
  end)

  it("says when to try again, if Equinix does", function()
    assert.matches("429.*Try again in 7 s", text_of(429, "{}",
      { ["Retry-After"] = "7" }))
    assert.matches("503.*try again later", text_of(503))
  end)

  it("is made from any body, or none", function()
    for _, body in ipairs { "", "[]", "null", "<html>", '"x"', "[[]]" } do
      assert.matches("^Equinix responded with 418", text_of(418, body))
    end
  end)

  it("is the service's own where it refuses", function()
    local said = error_text.of_response({
      status = 503,
      headers = { ["Retry-After"] = "3" },
      body = "",
      object = { detail = "The service is busy; try again." },
      err = errors.new { kind = "memory", message = "internal matters" },
    }, {})
    assert.equal("The service is busy; try again. Try again in 3 s.", said)
  end)
end)

describe("the text for an error of the client", function()
  it("says what Equinix said, and nothing about this machine", function()
    local said = error_text.of_error(errors.new {
      kind = "http", op = "GET /fabric/v4/ports/x", status = 404,
      code = "EQ-3045811", retry_after = 1.5,
      message = "internal matters",
      errors = { { code = "EQ-3045811", message = "No such port",
        property = "uuid" } },
    })
    assert.matches("Equinix responded with 404 %(EQ%-3045811%)%. %(", said)
    assert.matches("EQ%-3045811: uuid: No such port", said)
    assert.matches("Try again in 2 s", said)
    said = error_text.of_error(errors.new {
      kind = "config", message = "/etc/secret is empty", code = "secret",
    })
    assert.is_nil(said:find("secret", 1, true))
  end)

  it("blames the credentials only for a response to a token request",
    function()
      local said = error_text.of_error(errors.new { kind = "auth",
        status = 401, code = "S1006", op = "POST /oauth2/v1/token" })
      assert.matches("401 %(S1006%) to the credentials of the service", said)
      said = error_text.of_error(errors.new { kind = "auth",
        code = "latched" })
      assert.matches("refused the credentials of the service", said)
      said = error_text.of_error(errors.new { kind = "auth", status = 401,
        op = "GET /ne/v1/devices" })
      assert.equal("Equinix responded with 401.", said)
    end)
end)
