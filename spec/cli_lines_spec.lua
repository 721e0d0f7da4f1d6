-- cli/lines: standard input as lines of bounded length.
local lines = require "equinix.cli.lines"

-- Reads these pieces, then the end; what is `false` did not come in time.
local function new(pieces, limit)
  local i, waited = 0, {}
  local input = lines.new(function(seconds)
    i = i + 1
    waited[i] = seconds or "for ever"
    if pieces[i] == nil then
      return "", nil
    end
    return pieces[i] or nil
  end, limit or 100)
  return input, waited
end

local function all(input)
  local found = {}
  while true do
    local line = input:next()
    if line == nil then
      return found
    end
    found[#found + 1] = line
  end
end

describe("lines", function()
  it("are the same however the bytes come", function()
    local text = "one\ntwo\r\n\n four \r\r\nlast"
    local expected = { "one", "two", "", " four \r", "last" }
    for size = 1, #text do
      local pieces = {}
      for from = 1, #text, size do
        pieces[#pieces + 1] = text:sub(from, from + size - 1)
      end
      assert.same(expected, all(new(pieces)))
    end
  end)

  it("end with the input, also when that is empty", function()
    assert.same({}, all(new {}))
    local input = new { "x\n" }
    assert.equal("x", input:next())
    assert.is_nil(input:next())
    assert.is_nil(input:next())
  end)

  it("that are too long are told and not kept; the next one is read",
    function()
      local input = new({ "12345\n123", "456\n", "ok\n", "1234567" }, 5)
      assert.same({ "12345", false, "ok", false }, all(input))
    end)

  it("keep no memory of a line that never ends", function()
    local n, before, after = 0, nil, nil
    local input = lines.new(function()
      n = n + 1
      if n == 1 or n == 2000 then
        collectgarbage()
        before, after = before or collectgarbage "count",
          collectgarbage "count"
      end
      return n < 2000 and ("x"):rep(16000) .. n or "\n"
    end, 1000)
    assert.is_false(input:next())
    assert.is_true(after - before < 1000)
  end)

  it("can be looked at before their turn, without waiting", function()
    local input, waited = new { "one\ntwo\nthr", false, "ee\nfour\n", false }
    assert.equal("one", input:next())
    local seen = {}
    for line in input:coming() do
      seen[#seen + 1] = line
    end
    assert.same({ "two" }, seen)
    for line in input:coming() do
      seen[#seen + 1] = line
    end
    assert.same({ "two", "two", "three", "four" }, seen)
    assert.same({ "for ever", 0, 0, 0 }, waited)
    assert.equal("two", input:next())
    assert.equal("three", input:next())
  end)

  it("are passed over in that look where they were too long", function()
    local input = new({ "a\n123456\nb\n" }, 5)
    assert.equal("a", input:next())
    for line in input:coming() do
      assert.equal("b", line)
    end
    assert.is_false(input:next())
  end)

  it("are read ahead up to a limit", function()
    local n = 0
    local input = lines.new(function()
      n = n + 1
      return ("x"):rep(16383) .. "\n"
    end, 20000)
    assert.is_string(input:next())
    input:coming()
    assert.is_true(n <= 4 * 1024 * 1024 / 16383 + 2)
  end)

  it("say why the input ended, where that was no end", function()
    local input = lines.new(function()
      return nil, "broken"
    end, 10)
    local line, problem = input:next()
    assert.is_nil(line)
    assert.equal("broken", problem)
  end)
end)
