-- supervisor/foreground: the command line of nginx's supervisor. What it does
-- in the place of this process is in the specs of the commands.
local foreground = require "equinix.supervisor.foreground"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

describe("foreground.command_line", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function command_line(changes)
    local run = {
      directory = { path = dir },
      nginx = { binary = "/sbin/nginx", version = 1022001 },
      name = "the command",
    }
    for name, value in pairs(changes or {}) do
      run[name] = value
    end
    return foreground.command_line(run)
  end

  it("runs the script, with nginx as its last arguments", function()
    assert.same({ "/bin/sh", dir .. "/supervise.sh", dir, "TERM",
      "the command", "", "", "/sbin/nginx", "-p", dir, "-c",
      dir .. "/nginx.conf", "-e", dir .. "/error.log" }, command_line())
    assert.equal(require "equinix.supervisor.script",
      read_file(dir .. "/supervise.sh"))
    assert.is_nil(read_file(dir .. "/copier.sh"))
    assert.equal("600", process.capture("stat -c %a " .. dir
      .. "/supervise.sh"))
  end)

  it("passes flags, the signal and the ready file", function()
    local argv = command_line { until_eof = true, stop = "QUIT",
      ready_file = dir .. "/ready" }
    assert.same({ "QUIT", dir .. "/ready", "eof" },
      { argv[4], argv[6], argv[7] })
  end)

  it("names no error log for an nginx that knows no -e", function()
    local argv = command_line { nginx = { binary = "nginx",
      version = 1018000 } }
    assert.equal(dir .. "/nginx.conf", argv[#argv])
  end)

  it("says which file can't be written, as on a full disk", function()
    os.execute("mkdir " .. dir .. "/supervise.sh")
    assert.same({ nil, dir .. "/supervise.sh can't be written: it is a "
      .. "directory (EISDIR)" }, { command_line() })
  end)

  it("says which pipe can't be made", function()
    os.execute("touch " .. dir .. "/log")
    assert.same({ nil, dir .. "/log can't be made: EEXIST" },
      { command_line() })
  end)

  it("makes scripts that become this Lua, with these modules", function()
    command_line { log = true, json = true }
    for _, name in ipairs { "copier.sh", "lines.sh" } do
      local said, code = process.capture("cd / && echo line | sh " .. dir
        .. "/" .. name .. " 2>&1")
      assert.equal(0, code, said)
      assert.matches("line", said)
    end
  end)
end)
