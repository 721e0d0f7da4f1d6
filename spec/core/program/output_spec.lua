-- output: bytes on standard output, all of them.
local process = require "spec.support.process"

-- Whoever shares an open file may have told it not to block.
local UNBLOCK = [[perl -MFcntl -e '
  fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV']]

describe("core.output", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  -- A shell's command, in which $OUTPUT is a Lua that writes 300,000 bytes; a
  -- file in the folder, where this runs, has what came of it.
  local function run(line)
    local file = assert(io.open(dir .. "/output.lua", "w"))
    file:write(("package.cpath = %q\n"):format(process.capture "pwd" .. "/"
      .. package.cpath) .. [[
      local result = assert(io.open("result", "w"))
      result:write(tostring(require("equinix.core").output(
        ("0123456789"):rep(30000))))
      result:close()]])
    file:close()
    local said = process.capture(("trap '' PIPE; cd %s; OUTPUT='%s output.lua'"
      .. "\n"):format(dir, process.interpreter():gsub("'", "")) .. line)
    local result = assert(io.open(dir .. "/result"))
    local text = result:read "*a"
    result:close()
    return text, said
  end

  it("writes all, however slowly it is read", function()
    local result, said = run [[
      $OUTPUT | { dd bs=1000 count=1 2>&1 >/dev/null | tail -n 1; wc -c; }]]
    assert.equal("true", result)
    assert.matches("299000%s*$", said)
  end)

  it("waits where the file does not block", function()
    if select(2, process.capture "command -v perl") ~= 0 then
      return pending "perl is not here"
    end
    -- Read in small pieces: it is full again and again.
    local result, said = run(UNBLOCK
      .. " $OUTPUT | dd bs=100 2>/dev/null | wc -c")
    assert.equal("true", result)
    assert.matches("^%s*300000%s*$", said)
  end)

  it("says when nobody reads any more", function()
    assert.equal("nil", (run "$OUTPUT | true"))
  end)
end)
