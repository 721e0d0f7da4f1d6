-- host_errors: what a host says for itself takes precedence.
local host_errors = require "equinix.transport.host_errors"

describe("why nothing can be sent", function()
  it("is the host's own word, where it has one", function()
    local own = { kind = "config", code = "mine" }
    assert.equal(own, host_errors.refusal { cannot_send = function()
      return own
    end })
    assert.equal("so", host_errors.refusal { why = function()
      return "so"
    end }.message)
    local refusal = host_errors.refusal { name = "my loop" }
    assert.equal("cannot_wait", refusal.code)
    assert.matches("in a task of my loop; begin one", refusal.message)
    assert.is_false(refusal.maybe_sent)
  end)
end)

describe("why nothing came", function()
  it("is the host's own word, where it has one", function()
    local own = { kind = "timeout", code = "mine" }
    assert.equal(own, host_errors.lost { late = function()
      return own
    end })
    assert.equal("timeout", host_errors.lost({}).kind)
  end)
end)
