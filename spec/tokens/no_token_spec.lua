-- no_token: what each error says; when a caller gets it is in source_spec.lua.
local no_token = require "equinix.tokens.no_token"

describe("the error of a caller without a token", function()
  for name, expected in pairs {
    timed_out = { "timeout", "token_wait", "longer timeout" },
    cannot_wait = { "config", "cannot_wait", "where waiting is allowed" },
    own_renewal = { "config", "own_flight", "callback" },
    unreadable = { "protocol", "bad_record", "forget" },
  } do
    it(name .. " says what to do", function()
      local err = no_token[name]()
      assert.equal(expected[1], err.kind)
      assert.equal(expected[2], err.code)
      assert.matches(expected[3], err.message, 1, true)
    end)
  end

  it("says when the next token may be requested", function()
    local err = no_token.short_lived(0.4)
    assert.equal(0.4, err.retry_after)
    assert.is_true(err.retryable)
    assert.matches("in 1 s$", err.message)
  end)

  it("says why nothing can be sent, and that nothing was", function()
    local err = no_token.cannot_send { kind = "config", code = "stream",
      message = "the stream part can't send", maybe_sent = false }
    assert.equal("stream", err.code)
    assert.is_false(err.maybe_sent)
    assert.equal("no token is cached: the stream part can't send",
      err.message)
  end)
end)
