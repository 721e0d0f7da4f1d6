-- clock: now, time, sleep and random.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("core.now", function()
  it("counts seconds and never goes back", function()
    local before = core.now()
    for _ = 1, 1000 do
      local now = core.now()
      assert.is_true(now >= before)
      before = now
    end
  end)

  it("is the clock that counts while the machine sleeps", function()
    -- The first number is the uptime, which is CLOCK_BOOTTIME.
    local file = io.open "/proc/uptime"
    if not file then
      pending "needs /proc"
      return
    end
    local before = core.now()
    local uptime = file:read "*n"
    file:close()
    -- It has hundredths of a second, cut off.
    assert.is_true(uptime >= before - 0.02 and uptime <= core.now())
  end)
end)

describe("core.time", function()
  it("is the date, in seconds with fractions", function()
    local fractions = false
    for _ = 1, 20 do
      local earliest = os.time()
      local wall = core.time()
      -- os.time may be some milliseconds late: its clock only ticks.
      assert.is_true(wall >= earliest and wall < os.time() + 2)
      fractions = fractions or wall % 1 ~= 0
    end
    assert.is_true(fractions)
  end)
end)

describe("core.sleep", function()
  it("sleeps at least that long", function()
    local before = core.now()
    core.sleep(0.05)
    assert.is_true(core.now() - before >= 0.05)
  end)

  it("returns at once for zero, negative numbers and NaN", function()
    for _, seconds in ipairs { 0, -1, -math.huge, 0 / 0 } do
      local before = core.now()
      core.sleep(seconds)
      assert.is_true(core.now() - before < 1)
    end
  end)

  it("is not cut short by a signal", function()
    -- The plain interpreter catches SIGINT: nanosleep returns early, and the
    -- interpreter's error comes only with the next instruction. The signal is
    -- sent when it is asleep.
    local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
    local dir = process.tempdir()
    local slept, code = process.capture(([[
      %s -e 'package.cpath = "%s"
        local core = require "equinix.core"
        local start = core.now()
        print(pcall(function()
          io.open("%s/begun", "w"):close()
          core.sleep(2)
          return start + 1
        end))
        print(core.now() - start)' &
      until [ -e %s/begun ] && ps -o stat= -p $! | grep -q S; do
        kill -0 $! || exit 1
        sleep 0.01
      done
      kill -INT $!
      wait $!]]):format(lua, package.cpath, dir, dir))
    process.remove(dir)
    assert.are.equal(0, code, slept)
    local ok, seconds = slept:match "^(%a+).*\n(%S+)$"
    assert.are.equal("false", ok, "the signal came too late: " .. slept)
    assert.is_true(tonumber(seconds) >= 2, slept)
  end)

  it("raises for what is no number", function()
    assert.has_error(function()
      core.sleep "soon"
    end)
  end)
end)

describe("core.random", function()
  it("returns numbers in [0, 1), all over it, and not twice", function()
    local seen, low, high = {}, 0, 0
    for _ = 1, 1000 do
      local x = core.random()
      assert.is_true(x >= 0 and x < 1)
      assert.is_nil(seen[x])
      seen[x] = true
      low = low + (x < 0.5 and 1 or 0)
      high = high + (x >= 0.5 and 1 or 0)
    end
    -- Ten standard deviations: this fails by chance once in 10^22 runs.
    assert.is_true(low > 340 and high > 340)
  end)
end)
