-- core/program/child: a command that runs beside this program.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("core.start_command", function()
  local dir
  setup(function()
    dir = process.tempdir()
  end)
  teardown(function()
    process.remove(dir)
  end)

  -- What has come of it in the end.
  local function result_of(child)
    local output, code, number
    assert.is_not_nil(process.eventually(function()
      output, code, number = child:look()
      return output ~= nil
    end), "it has not ended")
    return output, code, number
  end

  local function run(command)
    return result_of(assert(core.start_command(command)))
  end

  -- The number that a command has written into a file.
  local function number_in(name)
    return process.eventually(function()
      local file = io.open(dir .. "/" .. name, "rb")
      local number = file and file:read "*l"
      if file then
        file:close()
      end
      return tonumber(number)
    end)
  end

  local function gone(pid)
    return process.eventually(function()
      return not process.alive(pid)
    end)
  end

  it("runs it by the shell, and returns what it printed", function()
    assert.same({ "one two\n", 0 }, { run "echo one | sed 's/$/ two/'" })
    assert.same({ "", 0 }, { run "true" })
  end)

  it("returns its exit code, or the signal that ended it", function()
    assert.same({ "half", 3 }, { run "printf half; exit 3" })
    assert.same({ "", 127 }, { run "/nowhere/program" })
    local output, code, number = run "kill -TERM $$"
    assert.equal("", output)
    assert.is_nil(code)
    assert.equal(15, number)
  end)

  it("does not wait for it", function()
    local child = assert(core.start_command "sleep 600")
    assert.is_nil((child:look()))
    child:stop()
    assert.has_error(function()
      child:look()
    end)
  end)

  it("ends it with all that it has started", function()
    local child = assert(core.start_command(("sleep 600 & echo $! >%s/one; "
      .. "wait"):format(dir)))
    local pid = number_in "one"
    assert.is_true(process.alive(pid))
    child:stop()
    child:stop()
    assert.is_true(gone(pid))
  end)

  it("ends it when no one has it any more", function()
    assert(core.start_command(("echo $$ >%s/two; exec sleep 600"):format(dir)))
    local pid = number_in "two"
    collectgarbage()
    collectgarbage()
    assert.is_true(gone(pid))
  end)

  it("ends it with the program, however that ends", function()
    os.execute(("LUA_PATH=%s LUA_CPATH=%s %s -e %s"):format(
      process.quote(package.path), process.quote(package.cpath),
      process.interpreter(), process.quote(([[
        local core = require "equinix.core"
        child = core.start_command "sleep 600 & echo $! >%s/four; wait"
        repeat
          local file = io.open "%s/four"
        until file and file:read "*n"
        os.exit(0)]]):format(dir, dir))))
    assert.is_true(gone(number_in "four"))
  end)

  it("ends with the command, not with what that leaves behind", function()
    local output, code = run(("sleep 600 & echo $! >%s/three; echo done")
      :format(dir))
    assert.equal("done\n", output)
    assert.equal(0, code)
    os.execute("kill " .. number_in "three")
  end)

  it("takes 64 KiB, and ends what prints more", function()
    local most = "head -c 65536 /dev/zero | tr '\\0' x"
    assert.equal(("x"):rep(65536), (run(most)))
    assert.is_false((run(most .. "; echo")))
    assert.is_false((run "yes"))
  end)

  it("gives it no input, and drops its standard error", function()
    local name = dir .. "/stderr"
    local file = assert(io.open(dir .. "/script", "w"))
    file:write([[
local core = require "equinix.core"
local child = assert(core.start_command "cat; echo secret >&2")
repeat until child:look()]])
    file:close()
    os.execute(("echo input | LUA_PATH=%s LUA_CPATH=%s %s %s >%s 2>&1"):format(
      process.quote(package.path), process.quote(package.cpath),
      process.interpreter(), dir .. "/script", name))
    assert.equal("", assert(io.open(name, "rb")):read "*a")
  end)

  it("gives it no file of this program", function()
    local file = assert(io.open(dir .. "/kept", "w"))
    local output = run "ls -l /proc/self/fd 2>/dev/null || true"
    file:close()
    assert.not_matches("kept", output)
    assert.matches("/dev/null", output)
  end)

  it("gives it the signals as the system has them", function()
    local output = run "trap - PIPE; grep -E 'SigIgn|SigBlk' /proc/self/status"
    for set in output:gmatch ":%s*(%x+)" do
      -- Those above 31 are the C library's own.
      assert.equal(0, tonumber(set, 16) % 2 ^ 31)
    end
  end)

  it("refuses what no command is", function()
    assert.has_error(function()
      core.start_command "a\0b"
    end)
    assert.has_error(function()
      core.start_command {}
    end)
  end)
end)
