-- private_table: entries of one Lua state, where the common table is full, by
-- scripts/homecoming.lua in a process of its own.
local host = require "spec.support.host_script"

describe("a token without a place in the common table", function()
  it("is private, and goes to the common table when there is room", function()
    host.check "homecoming"
  end)
end)
