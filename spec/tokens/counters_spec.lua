-- counters: what is counted for all callers that share a slot.
local core = require "equinix.core"
local counters = require "equinix.tokens.counters"

describe("counters", function()
  it("are those of the slot, whichever client has it open", function()
    local one = core.tokens.open"counters"
    local two = core.tokens.open"counters"
    local before = counters.all(one)
    counters.count(one, "token_requests")
    counters.count(two, "token_requests")
    counters.count(two, "failures")
    local after = counters.all(one)
    assert.equal(before.token_requests + 2, after.token_requests)
    assert.equal(before.failures + 1, after.failures)
    assert.equal(before.tokens, after.tokens)
    one:close()
    two:close()
  end)

  it("are zero without a slot", function()
    assert.same({ token_requests = 0, tokens = 0, failures = 0,
      rejections = 0 }, counters.all(nil))
  end)
end)
