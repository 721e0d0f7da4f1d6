-- echo_guard: keeps the token out of responses. What it sees is in
-- mcp/echo_spec.lua.
local echo_guard = require "equinix.service.echo_guard"

local OLD, NEW = "the-old-token-0123456789", "the-new-token-0123456789"

-- A client whose token is what `header` says.
local function made(header)
  return echo_guard.new { authorization = function()
    return header[1]
  end }
end

describe("the echo guard", function()
  it("sees the token before a call, and the one after it", function()
    local guard = made { "Bearer " .. NEW }
    assert.is_false(guard:sees("/a", OLD, "harmless"))
    assert.is_true(guard:sees("/b", OLD, "x" .. OLD))
    assert.is_true(guard:sees("/c", OLD, "x" .. NEW))
    assert.is_true(made { nil }:sees("/d", OLD, OLD))
    assert.is_false(made { nil }:sees("/d", OLD, NEW))
  end)

  it("remembers the paths that repeated it, and only those", function()
    local guard = made { "Bearer " .. OLD }
    guard:sees("/a", OLD, OLD)
    guard:sees("/b", OLD, "harmless")
    assert.is_true(guard:knows "/a")
    assert.is_false(guard:knows "/b")
  end)

  it("remembers a thousand paths and no more", function()
    local guard = made { "Bearer " .. OLD }
    for i = 1, 1001 do
      assert.is_true(guard:sees("/" .. i, OLD, OLD))
    end
    assert.is_true(guard:knows "/1000")
    assert.is_false(guard:knows "/1001")
  end)
end)
