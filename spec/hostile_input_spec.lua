-- hostile_input: bytes from outside cost work in proportion to their number.
--
-- Law of this file: it counts instructions, which are the same in each run,
-- and no time. What a byte more costs is bounded: where a pattern tries its
-- end anew at every byte, that grows with the number of bytes, to tens of
-- thousands here.
local process = require "spec.support.process"
local script = require "spec.support.scripts.hostile_input"

local SMALL = 6000
local LIMIT = 5000 -- instructions for each byte beyond SMALL
-- Cases that look at each byte several times, in Lua.
local LIMITS = {
  ["JSON as text"] = 15000,
  ["a text without its token"] = 25000, -- in all spellings of the token
}

local lua = process.capture "command -v lua5.4 || command -v luajit"

local _, lacks_valgrind = process.capture "command -v valgrind"

-- How many instructions a program needs for n such bytes.
local function cost(name, n)
  local words, code = process.capture((
    [[LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH=%s \
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    %s spec/support/scripts/hostile_input.lua %s %d 2>&1]]):format(
    process.quote(package.cpath), lua, process.quote(name), n))
  assert.are.equal(0, code, words)
  return tonumber(words:match "Collected : (%d+)")
end

describe("the work grows no faster than", function()
  local names = {}
  for name in pairs(script.cases) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    it(name, function()
      if lacks_valgrind ~= 0 then
        return pending "needs valgrind"
      end
      local each = (cost(name, 4 * SMALL) - cost(name, SMALL)) / (3 * SMALL)
      assert.is_true(each < (LIMITS[name] or LIMIT),
        ("%s: %.0f instructions for each byte"):format(name, each))
    end)
  end
end)
