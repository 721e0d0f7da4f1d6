-- hostile_input: bytes from outside cost work in proportion to their number.
--
-- Law of this file: it counts instructions, which are the same in each run,
-- and no time. What a byte more costs is bounded: where a pattern tries its
-- end anew at every byte, that grows with the number of bytes, to fifty
-- thousand here.
local process = require "spec.support.process"
local script = require "spec.support.scripts.hostile_input"

local SMALL = 2000
local LIMIT = 5000 -- instructions for each byte beyond SMALL
-- Cases that look at each byte several times, in Lua.
local LIMITS = {
  ["JSON as text"] = 15000,
  ["a text without its token"] = 25000, -- in all spellings of the token
}

local lua = process.capture "command -v lua5.4 || command -v luajit"

local _, lacks_valgrind = process.capture "command -v valgrind"

-- The instructions before each call of clock(), in order.
local function parts(names)
  local dir = process.tempdir()
  local words = { ("%d %d"):format(SMALL, 4 * SMALL) }
  for i, name in ipairs(names) do
    words[i + 1] = process.quote(name)
  end
  local said, code = process.capture((
    [[LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH=%s \
    valgrind --tool=callgrind --callgrind-out-file=%s/counts \
    --combine-dumps=yes --dump-before=clock \
    %s spec/support/scripts/hostile_input.lua %s 2>&1]]):format(
    process.quote(package.cpath), dir, lua, table.concat(words, " ")))
  assert.are.equal(0, code, said)
  local counts = {}
  for line in io.lines(dir .. "/counts") do
    counts[#counts + 1] = tonumber(line:match "^summary: (%d+)")
  end
  process.remove(dir)
  return counts
end

describe("the work grows no faster than", function()
  local names, counts = {}, nil
  for name in pairs(script.cases) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    it(name, function()
      if lacks_valgrind ~= 0 then
        return pending "needs valgrind"
      end
      counts = counts or parts(names)
      assert.equal(3 * #names + 1, #counts)
      local each = (counts[3 * i] - counts[3 * i - 1]) / (3 * SMALL)
      assert.is_true(each > 0 and each < (LIMITS[name] or LIMIT),
        ("%s: %.0f instructions for each byte"):format(name, each))
    end)
  end
end)
