-- log_limit: decides on a clock that the spec moves.
local log_limit = require "equinix.base.log_limit"

describe("the limit of a log", function()
  local limit

  before_each(function()
    limit = log_limit.new()
  end)

  it("writes the first line, then one a minute with the number of the others",
    function()
      assert.are.equal(0, limit:note("a", 0))
      for i = 1, 1000 do
        assert.is_nil(limit:note("a", i * 59 / 1000))
      end
      assert.are.equal(1000, limit:note("a", 60))
      assert.is_nil(limit:note("a", 61))
      assert.are.equal(1, limit:note("a", 500))
      assert.are.equal(1004, limit.total)
    end)

  it("writes the first line of each kind", function()
    assert.are.equal(0, limit:note("a", 0))
    assert.are.equal(0, limit:note("b", 1))
    assert.is_nil(limit:note("a", 2))
    assert.is_nil(limit:note("b", 3))
  end)

  it("says how many there were when it is over, and begins anew", function()
    limit:note("a", 0)
    limit:note("a", 1)
    assert.are.equal(2, limit:over(2))
    assert.are.equal(0, limit.total)
    assert.are.equal(0, limit:note("a", 3))
  end)

  it("writes few lines, however many kinds there are", function()
    local lines = 0
    for i = 1, 100000 do
      local now = i * 600 / 100000
      lines = lines + (limit:note("kind " .. i, now) and 1 or 0)
    end
    assert.is_true(lines >= 10 and lines <= 110, lines)
    local kept = 0
    for _ in pairs(limit.kinds) do
      kept = kept + 1
    end
    assert.is_true(kept <= 30, kept)
  end)

  it("writes few lines, however often it is over and begins again", function()
    local lines = 0
    for i = 1, 10000 do
      local now = i * 60 / 10001
      lines = lines + (limit:note("a", now) and 1 or 0)
        + (limit:over(now) and 1 or 0)
    end
    assert.are.equal(10, lines)
    assert.are.equal(0, limit:note("a", 120))
  end)
end)
