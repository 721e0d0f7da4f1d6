-- adapter/mcp/failure: what went wrong, in words for an agent.
local err = require "equinix.base.error"
local failure = require "equinix.service.mcp.error_text"

local REFUSED = '{"errorCode":"S1006","errorMessage":"Login Failure for '
  .. 's3cret"}'

describe("the words for an answer", function()
  local function words(status, body, headers, secrets)
    return failure.of_answer({ status = status, body = body or "",
      headers = headers or {} }, secrets or {})
  end

  it("name the status, Equinix's code and message, and what to do",
    function()
      local said = words(401, REFUSED)
      assert.matches("Equinix answered 401", said)
      assert.matches("S1006: Login Failure", said)
      assert.matches("Check the credentials", said)
      assert.matches("5 bad attempts", said)
    end)

  it("bring back no secret that the caller sent", function()
    assert.is_nil(words(400, REFUSED, nil, { "s3cret" }):find("s3cret", 1,
      true))
  end)

  it("say when to try again, where Equinix does", function()
    assert.matches("429.*Try again in 7 s", words(429, "{}",
      { ["Retry-After"] = "7" }))
    assert.matches("503.*try again later", words(503))
  end)

  it("are made of any body, or none", function()
    for _, body in ipairs { "", "[]", "null", "<html>", '"x"', "[[]]" } do
      assert.matches("^Equinix answered 418", words(418, body))
    end
  end)

  it("are the service's own where it says no", function()
    local said = failure.of_answer({
      status = 503,
      headers = { ["Retry-After"] = "3" },
      body = "",
      object = { detail = "This service is busy; try again." },
      problem = err.new { kind = "memory", message = "internal matters" },
    }, {})
    assert.equal("This service is busy; try again. Try again in 3 s.", said)
  end)
end)

describe("the words for an error of the client", function()
  it("tell what Equinix said and nothing of this machine", function()
    local said = failure.of_error(err.new {
      kind = "http", op = "GET /fabric/v4/ports/x", status = 404,
      code = "EQ-3045811", retry_after = 1.5,
      message = "internal matters",
      errors = { { code = "EQ-3045811", message = "No such port",
        property = "uuid" } },
    })
    assert.matches("Equinix answered 404 %(EQ%-3045811%)%. %(", said)
    assert.matches("EQ%-3045811: uuid: No such port", said)
    assert.matches("Try again in 2 s", said)
    said = failure.of_error(err.new {
      kind = "config", message = "/etc/secret is empty", code = "secret",
    })
    assert.is_nil(said:find("secret", 1, true))
  end)

  it("blame the credentials for an answer to a request of a token alone",
    function()
      local said = failure.of_error(err.new { kind = "auth", status = 401,
        code = "S1006", op = "POST /oauth2/v1/token" })
      assert.matches("401 %(S1006%) to the credentials of this service", said)
      said = failure.of_error(err.new { kind = "auth", code = "latched" })
      assert.matches("refused the credentials of this service", said)
      said = failure.of_error(err.new { kind = "auth", status = 401,
        op = "GET /ne/v1/devices" })
      assert.equal("Equinix answered 401.", said)
    end)
end)
