-- stdio: what has arrived on standard input, and bytes to standard output.
local process = require "spec.support.process"

-- A Lua whose standard input is a pipe of this process.
local function reader(text)
  return process.start({ "sh", "-c", "exec " .. process.interpreter()
    .. ' -e "$1"', "sh", ([[
    package.cpath = %q
    local input = require("equinix.core").input
    io.stdout:setvbuf "line"
    ]]):format(package.cpath) .. text }, { until_eof = true })
end

local function says(p, words)
  assert(process.eventually(function()
    return p:stdout() == words
  end), p:stdout() .. p:stderr())
end

local function write(p, text)
  p.pipe:write(text)
  p.pipe:flush()
end

describe("core.input", function()
  it("returns what is there, without the rest of a line or a block",
    function()
      local p = reader "print(input()) print(input())"
      write(p, "some")
      says(p, "some\n")
      write(p, "thing\n")
      says(p, "some\nthing\n\n")
      p:stop()
    end)

  it("returns 16 KiB at most", function()
    local p = reader [[
      local sum, most = 0, 0
      repeat
        local bytes = input()
        sum, most = sum + #bytes, math.max(most, #bytes)
      until bytes == ""
      print(sum, most <= 16384)]]
    write(p, ("x"):rep(100000))
    p:stop()
    assert.equal("100000\ttrue\n", p:stdout())
  end)

  it("returns nil when nothing came in time, and zero does not wait",
    function()
      local p = reader "print(input(0), input(0.01), input(-1)) print(input())"
      says(p, "nil\tnil\tnil\n")
      write(p, "x")
      says(p, "nil\tnil\tnil\nx\n")
      p:stop()
    end)

  it("returns an empty string at the end, again and again", function()
    local p = reader 'print(#input(), #input(5), #input())'
    p:stop()
    assert.equal("0\t0\t0\n", p:stdout())
  end)

  it("returns bytes as they are", function()
    local p = reader 'local b = input() print(#b, b:byte(1, -1))'
    write(p, "a\0\255\r\n")
    p:stop()
    assert.equal("5\t97\t0\t255\t13\t10\n", p:stdout())
  end)

  it("reports that standard input is closed", function()
    local output = process.capture(process.interpreter() .. " -e "
      .. process.quote(("package.cpath = %q "
        .. 'print(require("equinix.core").input())'):format(package.cpath))
      .. " <&-")
    assert.equal("nil\tstandard input can't be read (9)", output)
  end)

  it("raises for what is no number", function()
    assert.has_error(function()
      require("equinix.core").input {}
    end)
  end)
end)

-- Another process that shares an open file may have made it non-blocking.
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

  -- A command of the shell, in which $OUTPUT is a Lua that writes 300,000
  -- bytes; it runs in the folder, where a file gets its result.
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

  it("reports that the other end is closed", function()
    assert.equal("nil", (run "$OUTPUT | true"))
  end)
end)
