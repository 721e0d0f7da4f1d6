-- process: who this is. What else src/base/fork.c knows shows in
-- core/http/sigpipe_spec and, after a fork, in core/http/multi_spec.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("core.pid", function()
  it("is the number that the system knows this process by", function()
    -- The shell's parent is whoever runs it.
    assert.equal(tostring(core.pid()), (process.capture "echo $PPID"))
  end)
end)
