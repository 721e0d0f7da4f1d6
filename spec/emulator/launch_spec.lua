-- emulator/launch: the local Equinix as a command, from its start to its end.
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local lfs = require "lfs"
local process = require "spec.support.process"

describe("equinix-auth emulator", function()
  local e
  before_each(function()
    e = nil
    -- Without it a signal would end the Lua and leave the rest.
    assert(core.exec, "the core can't become another program")
  end)
  after_each(function()
    if e then
      e:stop()
    end
  end)

  -- Without a pipe on standard input, as a user would start it.
  local function start(...)
    local dir = process.tempdir()
    local ready_file = dir .. "/ready"
    local p = process.start { "bin/equinix-auth", "emulator", "--port", "0",
      "--ready-file", ready_file, ... }
    local ready = process.eventually(function()
      local file = io.open(ready_file)
      local text = file and file:read "*a"
      if file then
        file:close()
      end
      return text and json.decode(text) or not p:alive() and {}
    end)
    finally(function()
      p:stop()
      process.remove(dir)
    end)
    assert(ready and ready.dir, p:stderr())
    ready.file = ready_file
    return p, ready
  end

  local function exists(path)
    return os.rename(path, path) == true
  end

  local function nginx_of(ready)
    return assert(tonumber((process.capture("cat " .. ready.dir
      .. "/nginx.pid"))))
  end

  local function assert_gone(ready, master)
    assert.is_true(process.eventually(function()
      return not exists(ready.dir) and not process.alive(master)
    end))
    assert.is_false(exists(ready.file))
  end

  it("prints what a shell needs to use it", function()
    local p, ready = start()
    local said = process.eventually(function()
      return p:stdout():find "Try:" and p:stdout()
    end)
    local seen = process.capture(("eval %s; echo $EQUINIX_API_ENDPOINT "
      .. "$EQUINIX_API_CLIENTID $EQUINIX_API_CLIENTSECRET"):format(
      process.quote(said)))
    assert.equal(table.concat({ ready.base_url, ready.client_id,
      ready.client_secret }, " "), seen)
    for _, part in ipairs { ready.ca_file, ready.user_name,
      ready.user_password, "/_emulator/log",
      ready.base_url .. "/_emulator/\n" } do
      assert.is_truthy(said:find(part, 1, true), part)
    end
    assert.same({ ready.base_url, ready.client_id, ready.client_secret,
      ready.ca_file }, { ready.env.EQUINIX_API_ENDPOINT,
      ready.env.EQUINIX_API_CLIENTID, ready.env.EQUINIX_API_CLIENTSECRET,
      ready.env.SSL_CERT_FILE })
    assert.equal("", p:stderr())
  end)

  for _, signal in ipairs { "TERM", "INT", "HUP", "QUIT" } do
    it("ends at " .. signal .. " with 0, and leaves nothing", function()
      local p, ready = start "--plain"
      local master = nginx_of(ready)
      p:signal(signal)
      assert.equal(0, p:wait())
      -- No waiting: when the command has ended, so has the rest.
      assert.is_false(exists(ready.dir))
      assert.is_false(exists(ready.file))
      assert.is_false(process.alive(master))
    end)
  end

  it("leaves nothing when it is killed with KILL", function()
    local p, ready = start "--plain"
    local master = nginx_of(ready)
    p:signal "KILL"
    assert.equal(137, p:wait())
    assert_gone(ready, master)
  end)

  it("exits with 1 when nginx is killed, and its workers end, too",
    function()
      local p, ready = start "--plain"
      local master = nginx_of(ready)
      local workers = process.capture("ps -o pid= --ppid " .. master)
      os.execute("kill -KILL " .. master)
      assert.equal(1, p:wait())
      assert.matches("nginx stopped unexpectedly", p:stderr())
      assert_gone(ready, master)
      for worker in workers:gmatch "%d+" do
        assert.is_true(process.eventually(function()
          return not process.alive(tonumber(worker))
        end))
      end
    end)

  it("says in one line that its port is in use, and exits with 1", function()
    local _, ready = start "--plain"
    local p = process.start { "bin/equinix-auth", "emulator", "--plain",
      "--port", ("%d"):format(ready.port) }
    assert.equal(1, p:wait())
    p:stop()
    assert.equal(("equinix-auth emulator: 127.0.0.1:%d is already in use; "
      .. "choose another port\n"):format(ready.port), p:stderr())
    assert.equal("", p:stdout())
  end)

  it("leaves nothing when it is stopped while it starts", function()
    local scratch = process.tempdir()
    local p = process.start({ "bin/equinix-auth", "emulator", "--port",
      "0" }, { env = { TMPDIR = scratch } })
    assert(process.eventually(function()
      return process.capture("ls " .. scratch) ~= ""
    end))
    p:signal "TERM"
    p:stop()
    assert.is_true(process.eventually(function()
      return process.capture("ls " .. scratch) == ""
    end))
    process.remove(scratch)
  end)

  it("ends with --until-eof when its parent is gone", function()
    e = emulator.start { plain = true }
    local master = nginx_of(e)
    assert.equal(0, e:stop())
    assert.is_false(exists(e.dir))
    assert.is_false(process.alive(master))
  end)

  it("lets only its owner read what it writes", function()
    e = emulator.start()
    local others = process.capture("find " .. e.dir .. " -perm /077")
    assert.equal("", others)
  end)

  it("passes nothing of its environment to nginx", function()
    if not lfs.attributes "/proc/self" then
      pending "needs /proc"
      return
    end
    local p = process.start({ "bin/equinix-auth", "emulator", "--port", "0",
      "--plain" }, { env = { SECRET_OF_MINE = "visible" } })
    finally(function()
      p:stop()
    end)
    assert(process.eventually(function()
      return (p:stdout() or ""):find "Try:"
    end))
    local environment = process.capture("for p in $(ps -o pid= -A); do "
      .. "tr '\\0' ' ' <\"/proc/$p/cmdline\" | grep -q '^nginx: ' "
      .. "&& cat \"/proc/$p/environ\"; done 2>/dev/null")
    assert.is_nil(environment:find("visible", 1, true))
  end)

  it("listens on 127.0.0.1 and nowhere else", function()
    if not lfs.attributes "/proc/net/tcp" then
      pending "needs /proc"
      return
    end
    e = emulator.start { plain = true }
    local listening = process.capture "cat /proc/net/tcp /proc/net/tcp6"
    local port = (" %%x+:%04X %%x+:0000 0A"):format(e.port)
    local _, sockets = listening:gsub(port, "")
    local _, local_ones = listening:gsub(port:gsub("%%x%+:", "0100007F:", 1),
      "")
    assert.is_true(sockets >= 1)
    assert.equal(sockets, local_ones)
  end)

  it("starts with the knobs of --set, and returns to them", function()
    e = emulator.start { plain = true, config = { lifetime = 7 } }
    e:config { lifetime = 9 }
    assert.equal(9, e:config().lifetime.value)
    e:reset()
    assert.equal(7, e:config().lifetime.value)
  end)

  it("has new secrets in each run", function()
    local _, one = start "--plain"
    local _, two = start "--plain"
    assert.not_equal(one.client_secret, two.client_secret)
    assert.not_equal(one.client_id, two.client_id)
    assert.not_equal(one.user_password, two.user_password)
  end)
end)
