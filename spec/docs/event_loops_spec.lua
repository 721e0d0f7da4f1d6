-- docs/event-loops.md shows an adapter of 40 lines: it keeps what all promise.
local loop = require "spec.support.loop_specs" "own"

if loop then
  describe("the adapter that docs/event-loops.md shows", function()
    it("has 40 lines at most", function()
      local lines = select(2, loop.code:gsub("%S[^\n]*", ""))
      assert.is_true(lines > 10 and lines <= 40, lines)
    end)
  end)
end
