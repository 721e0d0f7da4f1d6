-- input: what has arrived on standard input.
local process = require "spec.support.process"

-- A Lua whose standard input is a pipe of ours.
local function run(text)
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
      local p = run "print(input()) print(input())"
      write(p, "some")
      says(p, "some\n")
      write(p, "thing\n")
      says(p, "some\nthing\n\n")
      p:stop()
    end)

  it("returns 16 KiB at most", function()
    local p = run [[
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
      local p = run "print(input(0), input(0.01), input(-1)) print(input())"
      says(p, "nil\tnil\tnil\n")
      write(p, "x")
      says(p, "nil\tnil\tnil\nx\n")
      p:stop()
    end)

  it("returns nothing but the end, at the end", function()
    local p = run 'print(#input(), #input(5), #input())'
    p:stop()
    assert.equal("0\t0\t0\n", p:stdout())
  end)

  it("returns bytes as they are", function()
    local p = run 'local b = input() print(#b, b:byte(1, -1))'
    write(p, "a\0\255\r\n")
    p:stop()
    assert.equal("5\t97\t0\t255\t13\t10\n", p:stdout())
  end)

  it("says when there is nothing that could be read", function()
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
