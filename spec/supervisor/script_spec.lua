-- supervisor/script: the script that runs nginx and cleans up after it, here
-- with a shell in nginx's place.
local core = require "equinix.core"
local lfs = require "lfs"
local process = require "spec.support.process"
local script = require "equinix.supervisor.script"

describe("the supervisor", function()
  local dir
  local function prepare()
    dir = process.tempdir()
    for _, name in ipairs { "life", "log", "errors" } do
      assert(core.make_private_pipe(dir .. "/" .. name))
    end
    local file = assert(io.open(dir .. "/supervise.sh", "w"))
    file:write(script)
    file:close()
    for name, text in pairs { banner = "ready\n",
      ["ready.json"] = '{"pid":"@PID@"}',
      ["copier.sh"] = "cat >&2 2>/dev/null || exec cat >/dev/null" } do
      file = assert(io.open(dir .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
  end
  before_each(prepare)
  after_each(function()
    process.remove(dir)
  end)

  -- What nginx does once it listens.
  local LISTENS = "echo $$ >nginx.pid; "
  local function run(program, options)
    options = options or {}
    if options.copier then
      local file = assert(io.open(dir .. "/copier.sh", "w"))
      file:write(options.copier)
      file:close()
    end
    return process.start({ options.before or "env", "sh",
      dir .. "/supervise.sh", dir, options.stop or "TERM", "the command",
      options.ready or "", options.flags or "", "/bin/sh", "-c",
      "cd " .. dir .. "; " .. program }, { stdin = options.stdin })
  end

  local function until_ready(p)
    assert(process.eventually(function()
      return p:stdout() == "ready\n"
    end), p:stderr())
  end

  it("is a script that every shell of this machine can parse", function()
    for _, shell in ipairs { "sh", "dash", "bash", "busybox sh" } do
      local here = select(2, process.capture("command -v " .. shell)) == 0
      if here then
        local said, code = process.capture(shell .. " -n " .. dir
          .. "/supervise.sh 2>&1")
        assert.equal(0, code, shell .. ": " .. said)
      end
    end
  end)

  it("stops its child with the signal that it was given", function()
    local mark = process.tempdir()
    local p = run("trap 'echo usr1 >" .. mark .. "/mark; exit' USR1; "
      .. LISTENS .. "while :; do sleep 0.05; done", { stop = "USR1" })
    until_ready(p)
    p:signal "TERM"
    assert.equal(0, p:wait())
    assert.equal("usr1", process.capture("cat " .. mark .. "/mark"))
    process.remove(mark)
    p:stop()
  end)

  it("says why the child did not start, and exits with 1", function()
    local p = run "echo 'nginx: [emerg] no way in x.conf:1' >&2; exit 1"
    assert.equal(1, p:wait())
    assert.equal("the command: no way in x.conf:1\n", p:stderr())
    p:stop()
    assert.is_nil(io.open(dir))
  end)

  it("has a message even when the child printed nothing", function()
    local p = run "exit 3"
    assert.equal(1, p:wait())
    assert.equal("the command: nginx did not start\n", p:stderr())
    p:stop()
  end)

  it("writes its own id into the ready file, at once and whole", function()
    local place = process.tempdir()
    local p = run(LISTENS .. "exec sleep 60", { ready = place .. "/ready" })
    assert(process.eventually(function()
      return io.open(place .. "/ready")
    end))
    assert.equal(('{"pid":%d}'):format(p.pid), process.capture("cat " .. place
      .. "/ready"))
    p:signal "TERM"
    p:wait()
    assert.equal("", process.capture("ls " .. place))
    process.remove(place)
    p:stop()
  end)

  describe("writes its ready file", function()
    local place, ready
    before_each(function()
      place = process.tempdir()
      ready = place .. "/ready"
    end)
    after_each(function()
      process.remove(place)
    end)

    local function write(path, text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end

    -- Its process id does not change when a shell becomes it.
    local function planted(line)
      return process.start({ "sh", "-c", line .. '; exec sh "$@"', "sh",
        dir .. "/supervise.sh", dir, "TERM", "the command", ready, "",
        "/bin/sh", "-c", "cd " .. dir .. "; " .. LISTENS .. "exec sleep 60" })
    end

    it("over no file that a link at a name leads to", function()
      write(place .. "/victim", "precious")
      for _, at in ipairs { "ready.$$", "ready" } do
        local p = planted(("ln -s victim %s/%s"):format(place, at))
        until_ready(p)
        assert.equal("precious", process.capture("cat " .. place
          .. "/victim"))
        assert.equal("-rw-------", process.capture("ls -ld " .. ready)
          :sub(1, 10))
        p:signal "TERM"
        assert.equal(0, p:wait())
        assert.equal("precious", process.capture("cat " .. place
          .. "/victim"))
        p:stop()
        prepare()
      end
    end)

    it("or does not start: in a folder that is not there, over a folder",
      function()
        for _, path in ipairs { place .. "/nowhere/ready", place } do
          ready = path
          local p = planted ":"
          assert.equal(1, p:wait(60))
          assert.equal("", p:stdout())
          assert.matches("^the command: the ready file " .. path:gsub("%p",
            "%%%0") .. " can't be written: [^\n]+\n$", p:stderr())
          p:stop()
          assert.equal("", process.capture("ls " .. place))
          prepare()
        end
      end)

    it("and removes no other than its own", function()
      write(ready, "of another program")
      local p = run("exit 3", { ready = ready })
      assert.equal(1, p:wait())
      p:stop()
      assert.equal("of another program", process.capture("cat " .. ready))
      prepare()
      p = planted ":"
      until_ready(p)
      write(ready, "of the next one")
      p:signal "TERM"
      assert.equal(0, p:wait())
      p:stop()
      assert.equal("of the next one", process.capture("cat " .. ready))
    end)
  end)

  it("ends at the end of its input with the flag, and only then", function()
    local p = run(LISTENS .. "exec sleep 60", { flags = "eof" })
    assert.equal(0, p:wait())
    p:stop()
    os.execute("mkdir " .. dir)
  end)

  it("gives the child neither its input nor its pipes", function()
    if not lfs.attributes "/proc/self" then
      pending "needs /proc"
      return
    end
    local p = run("ls -l /proc/$$/fd >files; " .. LISTENS
      .. "exec sleep 60")
    until_ready(p)
    local files = process.capture("cat " .. dir .. "/files")
    assert.is_nil(files:find("/life", 1, true))
    assert.matches(" 0 %-> /dev/null", files)
    -- What the spec's own parents left open has higher numbers.
    assert.is_nil(files:find " [3-9] %->")
    p:signal "TERM"
    p:wait()
    p:stop()
  end)

  it("gives the child neither environment nor folder, or both with a flag",
    function()
      for i, word in ipairs { "environment", "" } do
        local p = process.start({ "sh", dir .. "/supervise.sh", dir, "TERM",
          "the command", "", word, "/bin/sh", "-c", "cd " .. dir
          .. "; echo $MINE$NGINX >mine; echo $OLDPWD >home; " .. LISTENS
          .. "exec sleep 60" }, { env = { MINE = "visible",
          NGINX = "3;" } })
        until_ready(p)
        assert.equal(i == 1 and "visible" or "",
          (process.capture("cat " .. dir .. "/mine")))
        assert.equal(i == 1 and process.capture "pwd" or "/",
          (process.capture("cat " .. dir .. "/home")))
        p:signal "TERM"
        p:wait()
        p:stop()
        if i == 1 then
          prepare()
        end
      end
    end)

  it("passes HUP on with the flag, and keeps running", function()
    local p = run("trap 'echo again >>hups' HUP; " .. LISTENS
      .. "while :; do sleep 0.05; done", { flags = "reload" })
    until_ready(p)
    for i = 1, 2 do
      p:signal "HUP"
      assert.is_true(process.eventually(function()
        return process.capture("cat " .. dir .. "/hups 2>/dev/null")
          == ("again\n"):rep(i):sub(1, -2)
      end))
    end
    assert.is_true(p:alive())
    p:signal "TERM"
    assert.equal(0, p:wait())
    p:stop()
  end)

  it("copies the child's log to stderr, to its last line", function()
    local p = run("echo early >log; " .. LISTENS .. "trap 'echo late >log; "
      .. "exit' TERM; while :; do sleep 0.05; done", { flags = "log" })
    until_ready(p)
    assert.is_true(process.eventually(function()
      return p:stderr() == "early\n"
    end))
    p:signal "TERM"
    assert.equal(0, p:wait())
    assert.equal("early\nlate\n", p:stderr())
    p:stop()
  end)

  it("does not copy the log of a child that did not start", function()
    local p = run("echo much ado >log; echo 'x [error] init_by_lua error: no "
      .. "core' >&2; exit 1", { flags = "log reload" })
    assert.equal(1, p:wait())
    assert.equal("the command: no core\n", p:stderr())
    p:stop()
  end)

  it("takes the log although its reader is gone", function()
    -- More than a pipe holds; its own stderr has no reader.
    local p = process.start { "sh", "-c", "sh " .. dir .. "/supervise.sh "
      .. dir .. " TERM name '' log /bin/sh -c 'cd " .. dir .. "; echo $$ "
      .. ">nginx.pid; sleep 0.2; head -c 300000 /dev/zero >log; "
      .. "echo done >done; exec sleep 60' 2>&1 >/dev/null | head -c 1 "
      .. ">/dev/null; sleep 60" }
    assert.is_truthy(process.eventually(function()
      return io.open(dir .. "/done")
    end))
    os.execute("kill -TERM $(cat " .. dir .. "/nginx.pid)")
    assert.is_true(process.eventually(function()
      return not io.open(dir)
    end))
    p:stop()
  end)

  it("keeps signals to its own process group from the child",
    function()
      if select(2, process.capture "command -v setsid") ~= 0 then
        pending "setsid is not here"
        return
      end
      local mark = process.tempdir()
      local p = run("trap 'echo usr1 >" .. mark .. "/mark; exit' USR1; "
        .. LISTENS .. "while :; do sleep 0.05; done",
        { before = "setsid", stop = "USR1" })
      until_ready(p)
      os.execute("kill -INT -" .. p.pid)
      assert.equal(0, p:wait())
      assert.equal("usr1", process.capture("cat " .. mark .. "/mark"))
      process.remove(mark)
      p:stop()
      prepare()
      p = run(LISTENS .. "exec sleep 60", { before = "setsid" })
      until_ready(p)
      local child = process.capture("cat " .. dir .. "/nginx.pid")
      os.execute("kill -KILL -" .. p.pid)
      assert.is_true(process.eventually(function()
        return not process.alive(tonumber(child)) and not io.open(dir)
      end))
      p:stop()
    end)

  it("kills a child that ignores the signal to end", function()
    local p = run("trap '' TERM; " .. LISTENS
      .. "while :; do sleep 0.05; done")
    until_ready(p)
    local child = process.capture("cat " .. dir .. "/nginx.pid")
    p:signal "TERM"
    assert.equal(0, p:wait(30))
    assert.is_false(process.alive(tonumber(child)))
    p:stop()
  end)

  it("does not wait for a copier that is stuck", function()
    local p = run("echo x >log; " .. LISTENS .. "exec sleep 60",
      { flags = "log", copier = "exec sleep 60" })
    until_ready(p)
    p:signal "TERM"
    assert.equal(0, p:wait(30))
    p:stop()
  end)

  it("cleans up by itself when its cleaner was killed", function()
    local p = run(LISTENS .. "exec sleep 60")
    until_ready(p)
    local child = process.capture("cat " .. dir .. "/nginx.pid")
    -- The first child is the cleaner.
    os.execute("kill -KILL $(ps -o pid= --ppid " .. p.pid .. " | head -n 1)")
    p:signal "TERM"
    assert.equal(0, p:wait())
    assert.is_false(process.alive(tonumber(child)))
    assert.is_nil(io.open(dir))
    p:stop()
  end)

  it("has a cleaner that ignores the signals that end the others", function()
    local p = run(LISTENS .. "exec sleep 60")
    until_ready(p)
    local child = process.capture("cat " .. dir .. "/nginx.pid")
    local cleaner = process.capture("ps -o pid= --ppid " .. p.pid
      .. " | head -n 1")
    for _, signal in ipairs { "TERM", "INT", "HUP", "QUIT" } do
      os.execute("kill -" .. signal .. " " .. cleaner)
    end
    p:signal "KILL"
    assert.is_true(process.eventually(function()
      return not process.alive(tonumber(child)) and not io.open(dir)
    end))
    p:stop()
  end)

  it("cleans up when all processes get the same signal", function()
    local p = run(LISTENS .. "exec sleep 60")
    until_ready(p)
    local child = process.capture("cat " .. dir .. "/nginx.pid")
    os.execute("kill -TERM $(ps -o pid= --ppid " .. p.pid .. ") " .. child
      .. " " .. p.pid)
    assert.equal(0, p:wait())
    assert.is_nil(io.open(dir))
    p:stop()
  end)
end)
