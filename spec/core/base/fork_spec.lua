-- fork: which process this is. That everything of a parent is left alone in
-- its child shows in core/http/multi_spec, core/http/handle_spec and
-- core/files/lease_file_spec.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("core.pid", function()
  it("is the number by which the system knows this process", function()
    -- The parent of a shell is the process that runs it.
    assert.equal(tostring(core.pid()), (process.capture "echo $PPID"))
  end)
end)
