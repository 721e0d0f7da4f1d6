-- duration: which unit a number of seconds is shown in.
local duration = require "equinix.cli.doctor.duration"

describe("the doctor's durations", function()
  it("have the unit that is easiest to read", function()
    for seconds, text in pairs { [0] = "0 s", [119] = "119 s",
      [120] = "2.0 minutes", [7199] = "120.0 minutes", [7500] = "2.1 hours",
      [172800] = "2.0 days" } do
      assert.equal(text, duration(seconds))
    end
  end)
end)
