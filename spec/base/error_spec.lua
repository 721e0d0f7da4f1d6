-- error: one shape for every failure.
local errors = require "equinix.base.error"

describe("an error", function()
  it("prints, and joins with strings on both sides", function()
    local _, problem = errors.fail("http", "GET /x: 404", {
      correlation_id = "c-1",
    })
    local text = "equinix: GET /x: 404 [correlation id c-1]"
    assert.equal(text, tostring(problem))
    assert.equal("failed: " .. text .. "!", "failed: " .. problem .. "!")
    assert.equal(text .. text, problem .. problem)
    assert.is_true(errors.is(problem))
    assert.is_false(errors.is { kind = "http" } or errors.is "http"
      or errors.is(nil))
  end)

  it("has a pause in tenths of a second, rounded up", function()
    for seconds, expected in pairs { [119.99998] = "120", [0.8432] = "0.9",
      [1.1] = "1.1", [0.1 + 0.2] = "0.3", [3600] = "3600", [0] = "0" } do
      local err = errors.make("http", "m", { retry_after = seconds })
      assert.equal(expected, tostring(err.retry_after))
    end
    assert.equal("120 s", errors.seconds(119.2))
    assert.equal("", errors.after_attempts(1) .. errors.after_attempts(nil))
    assert.equal(" after 4 attempts", errors.after_attempts(4))
  end)

  it("says whether the same call may succeed later", function()
    local function retryable(kind, status)
      return errors.new({ kind = kind, message = "",
        status = status }).retryable
    end
    for _, kind in ipairs { "network", "timeout" } do
      assert.is_true(retryable(kind))
    end
    for _, kind in ipairs { "config", "tls", "auth", "protocol", "store",
      "closed", "memory" } do
      assert.is_false(retryable(kind, 503))
    end
    for status, expected in pairs { [429] = true, [502] = true, [503] = true,
      [504] = true, [400] = false, [403] = false, [500] = false } do
      assert.equal(expected, retryable("http", status))
    end
  end)

  it("of a transfer keeps its code, and assumes that something was sent",
    function()
      local problem = errors.from_transport({ kind = "tls", code = "CURLE_X",
        message = "no common protocol", maybe_sent = false }, "GET /x")
      assert.equal("equinix: GET /x: no common protocol", tostring(problem))
      assert.equal("tls", problem.kind)
      assert.equal("CURLE_X", problem.code)
      assert.is_false(problem.maybe_sent)
      problem = errors.from_transport({}, "GET /x")
      assert.equal("network", problem.kind)
      assert.is_true(problem.maybe_sent)
    end)
end)
