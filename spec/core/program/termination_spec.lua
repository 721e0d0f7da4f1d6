-- termination: a process that is asked to terminate, and does it in its own
-- time.
local core = require "equinix.core"
local host = require "spec.support.host"
local lfs = require "lfs"
local process = require "spec.support.process"

-- Another Lua, which can send signals to itself; its input is a pipe.
local function run(text)
  return process.start({ "sh", "-c", "exec " .. process.interpreter()
    .. ' -e "$1"', "sh", ([[
    package.cpath = %q
    local core = require "equinix.core"
    io.stdout:setvbuf "line"
    local function term()
      os.execute("kill -TERM " .. core.pid())
    end
    ]]):format(package.cpath) .. text }, { until_eof = true })
end

-- The exit code if it ends by itself, while its input is open.
local function result(p)
  local code = p:wait()
  if not code then
    p:signal "KILL"
  end
  p:stop()
  return code, p:stdout()
end

local function says(p, words)
  assert(process.eventually(function()
    return p:stdout() == words
  end), p:stdout() .. p:stderr())
end

describe("core.on_term", function()
  it("makes the first TERM a request, which is kept", function()
    local code, out = result(run [[
      local stops = core.termination_requested
      print(stops(), core.on_term(10), stops())
      term()
      print(core.termination_requested(), core.termination_requested())]])
    assert.equal("false\ttrue\tfalse\ntrue\ttrue\n", out)
    assert.equal(0, code)
  end)

  it("changes nothing before it is called", function()
    local code, out = result(run "term() print 'survived'")
    assert.equal(143, code)
    assert.equal("", out)
  end)

  it("lets the second TERM end the process", function()
    local code, out = result(run [[
      core.on_term(10)
      term()
      print "one"
      term()
      print "two"]])
    assert.equal(143, code)
    assert.equal("one\n", out)
  end)

  it("treats INT like TERM, also as the second signal", function()
    for _, pair in ipairs { { "INT", "INT", 130 }, { "INT", "TERM", 143 },
      { "TERM", "INT", 130 } } do
      local code, out = result(run(([[
        core.on_term(10)
        local function kill(name) -- os.execute blocks INT in this process
          io.popen("kill -" .. name .. " " .. core.pid()):close()
        end
        kill "%s"
        print(core.termination_requested())
        kill "%s"
        print "two"]]):format(pair[1], pair[2])))
      assert.equal("true\n", out)
      assert.equal(pair[3], code)
    end
  end)

  it("ignores SIGPIPE", function()
    local code, out = result(run [[
      core.on_term(10)
      print(os.execute("kill -PIPE " .. core.pid()) and "survived")]])
    assert.equal("survived\n", out)
    assert.equal(0, code)
  end)

  it("ends the process with 0 when the time is over, in any state", function()
    -- It calls something, as ThreadSanitizer delivers signals only then.
    local busy = "local s repeat s = ('x'):rep(10000) until not s"
    for _, doing in ipairs { busy, "core.input()", "core.engine():wait(60)",
      "core.sleep(60)" } do
      local code, out = result(run("core.on_term(1) term() print 'on' "
        .. doing))
      assert.equal("on\n", out)
      assert.equal(0, code, doing)
    end
  end)

  it("ends a wait for input, also if the TERM came before it",
    function()
      local code, out = result(run [[
        core.on_term(10)
        term()
        print(#core.engine():wait(nil, true))]])
      assert.equal("0\n", out)
      assert.equal(0, code)
      local p = run [[
        core.on_term(10)
        print "waits"
        print(#core.engine():wait(nil, true), core.termination_requested())]]
      says(p, "waits\n")
      p:signal "TERM"
      code, out = result(p)
      assert.equal("waits\n0\ttrue\n", out)
      assert.equal(0, code)
    end)

  it("shortens no other wait", function()
    local p = run [[
      core.on_term(10)
      local start = core.now()
      print "waits"
      core.engine():wait(0.5)
      local first = core.now() - start
      core.sleep(0.1)
      print(first >= 0.5, core.termination_requested())]]
    says(p, "waits\n")
    p:signal "TERM"
    local code, out = result(p)
    assert.equal("waits\ntrue\ttrue\n", out)
    assert.equal(0, code)
  end)

  it("may be called again, with another time", function()
    local code, out = result(run [[
      print(core.on_term(10), core.on_term(1))
      term()
      core.sleep(60)]])
    assert.equal("true\ttrue\n", out)
    assert.equal(0, code)
  end)

  it("does not apply to a forked child: a TERM ends it, and only it",
    function()
      local file = io.open(host.program)
      if not file then
        pending("needs " .. host.program)
        return
      end
      file:close()
      local p = process.start(host.command("--forks 1", "termination_forked"),
        { until_eof = true })
      local code = p:wait(30)
      p:stop()
      assert.equal(0, code, p:stderr())
    end)

  it("passes no file to a program", function()
    if not lfs.attributes "/proc/self" then
      pending "needs /proc"
      return
    end
    local list = "os.execute 'ls /proc/self/fd | wc -l' "
    local _, before = result(run(list))
    local _, after = result(run("core.on_term(10) " .. list))
    assert.equal(before, after)
  end)

  it("raises for what is no number of seconds", function()
    for _, seconds in ipairs { 0, -1, 3601, "x", {} } do
      assert.has_error(function()
        core.on_term(seconds)
      end)
    end
    assert.has_error(function()
      core.on_term()
    end)
    assert.is_false(core.termination_requested())
  end)
end)
