-- cli/doctor/result: what a check of the doctor returns.
local result = require "equinix.cli.doctor.result"

describe("a check's result", function()
  it("has one of three statuses", function()
    assert.same({ status = "ok", message = "a 1" }, result.ok("a %d", 1))
    assert.same({ status = "skipped", message = "b" }, result.skipped "b")
    assert.same({ status = "FAILED", message = "100 %", remedy = "do",
      code = 4 }, result.failed(4, "100 %", "do"))
  end)
end)
