-- cli/lines: standard input as lines of bounded length.
local lines = require "equinix.service.mcp.line_reader"

-- Reads these pieces, then the end; what is `false` did not come in time.
local function new(pieces, limit, note)
  local i, waited = 0, {}
  local input = lines.new(function(seconds)
    i = i + 1
    waited[i] = seconds or "for ever"
    if pieces[i] == nil then
      return "", nil
    end
    return pieces[i] or nil
  end, limit or 100, note)
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
    assert.equal("x", following(input))
    assert.is_nil(following(input))
    assert.is_nil(following(input))
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
    assert.is_false(following(input))
    assert.is_true(after - before < 1000)
  end)

  -- Notes the lines with a "!", by what comes before it.
  local function noted(pieces, limit)
    return new(pieces, limit, function(line)
      return line:match "^(.-)!"
    end)
  end

  it("are noted before their turn, without waiting", function()
    local input, waited = noted { "one!\ntwo!\nthr", false, "ee!\ntwo!\n",
      false, false, false, false }
    assert.equal("one!", following(input))
    assert.is_false(input:has "one")
    assert.is_true(input:has "two")
    assert.is_true(input:has "three")
    assert.same({ "for ever", 0, 0, 0, 0 }, waited)
    assert.equal("two!", following(input))
    assert.is_true(input:has "two") -- there is another one
    assert.equal("three!", following(input))
    assert.is_false(input:has "three")
    assert.equal("two!", following(input))
    assert.is_false(input:has "two")
  end)

  it("are not noted where they were too long", function()
    local input = noted({ "a\nb!23456\nc!\n" }, 5)
    assert.equal("a", following(input))
    assert.is_false(input:has "b")
    assert.is_true(input:has "c")
    assert.is_false(following(input))
  end)

  it("are noted once, however often that is asked for", function()
    local n = 0
    local input = new({ ("x!\n"):rep(1000) }, 100, function()
      n = n + 1
      return "x"
    end)
    for _ = 1, 1000 do
      assert.equal("x!", following(input))
      input:has "y"
    end
    assert.equal(1000, n)
  end)

  it("are read ahead up to a limit", function()
    -- A peer that never ends, with lines of all lengths: none, some, too long
    for line, limit in pairs { [""] = 10, [("x"):rep(99)] = 100,
      [("x"):rep(16383)] = 20000, [("x"):rep(16384)] = 16383 } do
      local n = 0
      local piece = (line .. "\n"):rep(math.ceil(16384 / (#line + 1)))
      local input = lines.new(function()
        n = n + #piece
        return n < 50 * 1024 * 1024 and piece or nil
      end, limit)
      following(input)
      input:has "x"
      assert.is_true(n <= 4 * 1024 * 1024 + 40000, n)
      -- What was taken out makes room for as much.
      n = 0
      for _ = 1, 100000 do
        if n == 0 then
          following(input)
          input:has "x"
        end
      end
      assert.is_true(n > 0)
    end
  end)

  it("are not waited for where one never ends, and are noted", function()
    local n = 0
    local input = lines.new(function()
      n = n + 1
      assert.is_true(n < 10000, "it reads for ever")
      return ("x"):rep(16384)
    end, 1000)
    assert.is_false(input:has "y")
    assert.is_true(input:reads()) -- its end may still come
  end)

  it("say why the input ended, where that was no end", function()
    local input = lines.new(function()
      return nil, "broken"
    end, 10)
    assert.is_nil(following(input))
    assert.same({ true, "broken" }, { input:over() })
  end)

  it("are not waited for where they are taken, and are over with the last",
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

  it("are neither read nor there any more after a stop", function()
    local input, waited = noted { "one\ntwo!\nthr", "ee\n" }
    input:more()
    assert.is_true(input:reads())
    input:stop()
    assert.is_false(input:reads())
    assert.is_false(input:more())
    assert.is_nil(input:take())
    assert.is_false(input:has "two")
    assert.same({ true }, { input:over() })
    assert.equal(1, #waited)
  end)

  it("that wait beyond the limit are not read; there is room again later",
    function()
      local input = lines.new(function()
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
