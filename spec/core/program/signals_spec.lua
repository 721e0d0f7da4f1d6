-- core/program/signals: signals that a parent left ignored or blocked.
local process = require "spec.support.process"

-- Without INT: the program `lua` handles that one itself.
local NUMBERS = { HUP = 1, QUIT = 3, USR1 = 10, USR2 = 12,
  PIPE = 13, ALRM = 14, TERM = 15, CHLD = 17 }

describe("core.default_signals", function()
  if not io.open "/proc/self/status" then
    pending "needs /proc"
    return
  end

  -- Whether a mask of /proc (hexadecimal) has a signal.
  local function has(mask, name)
    local number = NUMBERS[name] - 1
    local digit = tonumber(mask:reverse():sub(math.floor(number / 4) + 1,
      math.floor(number / 4) + 1), 16)
    return math.floor(digit / 2 ^ (number % 4)) % 2 == 1
  end

  if select(2, process.capture "command -v perl") ~= 0 then
    pending "perl is not here" -- some shells don't ignore CHLD
    return
  end

  local IGNORE = "exec perl -e '$SIG{$_} = \"IGNORE\" for "
    .. "qw(HUP QUIT USR1 USR2 PIPE ALRM TERM CHLD); exec @ARGV'"
  local BLOCK = "exec perl -MPOSIX -e 'my $s = POSIX::SigSet->new;"
    .. "$s->fillset; sigprocmask(SIG_BLOCK, $s); exec @ARGV'"

  -- The signals that are ignored and blocked after that code.
  local function after(code, before)
    local said, status = process.capture((before or IGNORE) .. " "
      .. process.interpreter() .. " -e " .. process.quote([[
        dofile "spec/support/init.lua"
        local core = require "equinix.core"
        ]] .. code .. [[
        io.write(io.open "/proc/self/status":read "*a")]]) .. " 2>&1")
    assert.equal(0, status, said)
    return said:match "SigIgn:%s*(%x+)", said:match "SigBlk:%s*(%x+)"
  end

  it("gives those their effect that would keep a service from ending",
    function()
      local ignored = after ""
      for name in pairs(NUMBERS) do
        assert.is_true(has(ignored, name), name)
      end
      ignored = after "assert(core.default_signals() == true)"
      for name in pairs(NUMBERS) do
        local stays = name == "HUP" or name == "QUIT"
        assert.equal(stays, has(ignored, name), name)
      end
    end)

  it("includes HUP when asked", function()
    local ignored = after "assert(core.default_signals(true) == true)"
    assert.is_false(has(ignored, "HUP"))
    assert.is_true(has(ignored, "QUIT"))
  end)

  it("leaves the handlers of a host alone", function()
    assert.is_true(has(after [[
      assert(core.default_signals())
      assert(core.on_term(5)) -- ignores PIPE, and handles TERM
    ]], "PIPE"))
  end)

  it("blocks no signal any more", function()
    assert.is_true(has(select(2, after("", BLOCK)), "TERM"))
    local _, blocked = after("assert(core.default_signals())", BLOCK)
    assert.matches("^0+$", blocked)
  end)
end)
