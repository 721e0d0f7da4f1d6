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

describe("core.close_on_exec", function()
  it("keeps a file from the programs that are started later", function()
    if not lfs.attributes "/proc/self" then
      pending "needs /proc"
      return
    end
    local p = run [[
      local core = require "equinix.core"
      -- A shell and what it starts have it, too.
      local pipe = io.popen("cat >/dev/null", "w")
      os.execute "ls /proc/self/fd | wc -l"
      assert(core.close_on_exec(pipe))
      os.execute "ls /proc/self/fd | wc -l"
      assert(pipe:write "it is still open here")
      assert(pipe:close())]]
    assert.equal(0, p:wait(), p:stderr())
    p:stop()
    local before, after = p:stdout():match "(%d+)%s+(%d+)"
    assert.equal(1, before - after)
  end)

  it("raises for what is no open file", function()
    local file = assert(io.open "/dev/null")
    file:close()
    for _, value in ipairs { file, "/dev/null", {}, 3 } do
      assert.has_error(function()
        core.close_on_exec(value)
      end)
    end
  end)
end)
