-- exec: this process becomes another program.
local core = require "equinix.core"
local lfs = require "lfs"
local process = require "spec.support.process"

local function run(text)
  return process.start { "sh", "-c", "exec " .. process.interpreter()
    .. ' -e "$1"', "sh", "package.cpath = "
    .. ("%q"):format(package.cpath) .. " " .. text }
end

describe("core.exec", function()
  it("becomes the other program, with the same id", function()
    local p = run [[require("equinix.core").exec { "/bin/sh", "-c",
      "echo $$; exit 7" }]]
    assert.equal(7, p:wait())
    p:stop()
    assert.equal(tostring(p.pid), p:stdout():match "%d+")
  end)

  it("writes what was printed before", function()
    local p = run [[io.write "first "
      require("equinix.core").exec { "/bin/echo", "second" }]]
    p:wait()
    p:stop()
    assert.equal("first second\n", p:stdout())
  end)

  it("passes only the three standard files", function()
    if not lfs.attributes "/proc/self" then
      pending "needs /proc"
      return
    end
    local p = run [[local f = io.open("/dev/null")
      require("equinix.core").exec { "/bin/sh", "-c", "ls /proc/self/fd" }]]
    p:wait()
    p:stop()
    -- The fourth is the directory that ls reads.
    assert.equal("0\n1\n2\n3\n", p:stdout())
  end)

  it("returns what went wrong when there is no such program", function()
    local ok, message = core.exec { "/nowhere/program" }
    assert.is_nil(ok)
    assert.equal("/nowhere/program can't be run: ENOENT", message)
  end)

  it("raises for arguments that can't be passed", function()
    for _, argv in ipairs { {}, { 1 }, { "a\0b" }, { "/bin/true", {} } } do
      assert.has_error(function()
        core.exec(argv)
      end)
    end
    assert.has_error(function()
      core.exec "ls"
    end)
  end)
end)
