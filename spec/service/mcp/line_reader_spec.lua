-- line_reader: standard input as lines of bounded length.
local line_reader = require "equinix.service.mcp.line_reader"

-- Reads these pieces, then the end; `false` did not arrive in time.
local function new(pieces, limit, inspect)
  local i, waited = 0, {}
  local input = line_reader.new(function(seconds)
    i = i + 1
    waited[i] = seconds or "no limit"
    if pieces[i] == nil then
      return "", nil
    end
    return pieces[i] or nil
  end, limit or 100, inspect)
  return input, waited
end

-- The next line; waits for it.
local function following(input)
  while true do
    local line = input:take()
    if line ~= nil or input:over() then
      return line
    end
    input:more()
  end
end

local function all(input)
  local found = {}
  while true do
    local line = following(input)
    if line == nil then
      return found
    end
    found[#found + 1] = line
  end
end

describe("lines", function()
  it("do not depend on how the bytes arrive", function()
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
    assert.equal("x", following(input))
    assert.is_nil(following(input))
    assert.is_nil(following(input))
  end)

  it("that are too long are reported and not kept; the next one is read",
    function()
      local input = new({ "12345\n123", "456\n", "ok\n", "1234567" }, 5)
      assert.same({ "12345", false, "ok", false }, all(input))
    end)

  it("take no memory while one never ends", function()
    local n, before, after = 0, nil, nil
    local input = line_reader.new(function()
      n = n + 1
      if n == 1 or n == 2000 then
        collectgarbage()
        before, after = before or collectgarbage "count",
          collectgarbage "count"
      end
      return n < 2000 and ("x"):rep(16000) .. n or "\n"
    end, 1000)
    assert.is_false(following(input))
    assert.is_true(after - before < 1000)
  end)

  -- The key of a line is what comes before a "!".
  local function keyed(pieces, limit)
    return new(pieces, limit, function(line)
      return line:match "^(.-)!"
    end)
  end

  it("come with what their inspection returned", function()
    local seen = {}
    local input = new({ "one\ntwo\n" }, nil, function(line)
      seen[#seen + 1] = line
      return nil, line == "two" and { line } or nil
    end)
    input:more()
    assert.same({ "one" }, { input:take() })
    assert.same({ "two", { "two" } }, { input:take() })
    assert.same({ "one", "two" }, seen)
  end)

  it("cost more in the queue once they are parsed", function()
    local function read(parsed)
      local n = 0
      local input = line_reader.new(function()
        n = n + 1
        return ("x"):rep(1023) .. "\n"
      end, 10000, function()
        return nil, parsed
      end)
      input:has_arrived "x"
      return n
    end
    local plain, kept = read(nil), read {}
    assert.is_true(kept > 100 and kept * 4 < plain, kept)
  end)

  it("are found by their key before their turn, without waiting", function()
    local input, waited = keyed { "one!\ntwo!\nthr", false, "ee!\ntwo!\n",
      false, false, false, false }
    assert.equal("one!", following(input))
    assert.is_false(input:has_arrived "one")
    assert.is_true(input:has_arrived "two")
    assert.is_true(input:has_arrived "three")
    assert.same({ "no limit", 0, 0, 0, 0 }, waited)
    assert.equal("two!", following(input))
    assert.is_true(input:has_arrived "two") -- there is another one
    assert.equal("three!", following(input))
    assert.is_false(input:has_arrived "three")
    assert.equal("two!", following(input))
    assert.is_false(input:has_arrived "two")
  end)

  it("have no key when they were too long", function()
    local input = keyed({ "a\nb!23456\nc!\n" }, 5)
    assert.equal("a", following(input))
    assert.is_false(input:has_arrived "b")
    assert.is_true(input:has_arrived "c")
    assert.is_false(following(input))
  end)

  it("are inspected once", function()
    local n = 0
    local input = new({ ("x!\n"):rep(1000) }, 100, function()
      n = n + 1
      return "x"
    end)
    for _ = 1, 1000 do
      assert.equal("x!", following(input))
      input:has_arrived "y"
    end
    assert.equal(1000, n)
  end)

  it("are read ahead up to a limit", function()
    -- A peer that never ends, with lines of all lengths: none, some, too long
    for line, limit in pairs { [""] = 10, [("x"):rep(99)] = 100,
      [("x"):rep(16383)] = 20000, [("x"):rep(16384)] = 16383 } do
      local n = 0
      local piece = (line .. "\n"):rep(math.ceil(16384 / (#line + 1)))
      local input = line_reader.new(function()
        n = n + #piece
        return n < 50 * 1024 * 1024 and piece or nil
      end, limit)
      following(input)
      input:has_arrived "x"
      assert.is_true(n <= 4 * 1024 * 1024 + 40000, n)
      -- What was taken out makes room for as much.
      n = 0
      for _ = 1, 100000 do
        if n == 0 then
          following(input)
          input:has_arrived "x"
        end
      end
      assert.is_true(n > 0)
    end
  end)

  it("are not waited for while one never ends", function()
    local n = 0
    local input = line_reader.new(function()
      n = n + 1
      assert.is_true(n < 10000, "it reads without a limit")
      return ("x"):rep(16384)
    end, 1000)
    assert.is_false(input:has_arrived "y")
    assert.is_true(input:reads()) -- its end may still come
  end)

  it("report why the input ended, if that was no end", function()
    local input = line_reader.new(function()
      return nil, "broken"
    end, 10)
    assert.is_nil(following(input))
    assert.same({ true, "broken" }, { input:over() })
  end)

  it("are not waited for when they are taken, and are over with the last",
    function()
      local input, waited = new { "one\ntwo", false, "\n" }
      assert.is_nil(input:take())
      assert.same({}, waited)
      assert.is_true(input:more(3))
      assert.equal("one", input:take())
      assert.is_nil(input:take())
      assert.is_false(input:more(0)) -- nothing came
      assert.is_false((input:over()))
      assert.is_true(input:more(0))
      assert.is_false(input:more(0)) -- the end
      assert.is_false((input:over()))
      assert.equal("two", input:take())
      assert.is_true((input:over()))
      assert.same({ 3, 0, 0, 0 }, waited)
    end)

  it("are neither read nor kept after a stop", function()
    local input, waited = keyed { "one\ntwo!\nthr", "ee\n" }
    input:more()
    assert.is_true(input:reads())
    input:stop()
    assert.is_false(input:reads())
    assert.is_false(input:more())
    assert.is_nil(input:take())
    assert.is_false(input:has_arrived "two")
    assert.same({ true }, { input:over() })
    assert.equal(1, #waited)
  end)

  it("beyond the limit are not read until there is room again",
    function()
      local input = line_reader.new(function()
        return ("x\n"):rep(8192)
      end, 10)
      while input:reads() do
        assert.is_true(input:more(0))
      end
      assert.is_false(input:more(0))
      while not input:reads() do
        assert.equal("x", input:take())
      end
      assert.is_true(input:more(0))
    end)
end)
