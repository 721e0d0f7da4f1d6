-- supervisor/child: an nginx that ends with the process that started it.
local child = require "equinix.supervisor.child"
local foreground = require "equinix.supervisor.foreground"
local host = require "spec.support.host"
local lfs = require "lfs"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read
local supervisor = require "equinix.supervisor.nginx"

describe("a child", function()
  local nginx

  -- A directory with all that nginx needs; `http` goes into its settings.
  local function new_run(http)
    local directory = assert(supervisor.directory())
    assert(supervisor.write_files(directory.path, {
      banner = "",
      ["ready.json"] = "{}",
      ["nginx.conf"] = assert(supervisor.configuration(nginx, {
        workers = 1, http = http or "",
      })),
    }))
    return { directory = directory, nginx = nginx, name = "the child" }
  end

  setup(function()
    nginx = assert(supervisor.find())
  end)

  local function is_gone(dir, pid)
    return process.eventually(function()
      return not lfs.attributes(dir) and not process.alive(pid)
    end)
  end

  it("listens when start returns, and is gone when stop does", function()
    local run = new_run()
    local dir = run.directory.path
    local one = assert(child.start(run))
    local master = tonumber((read_file(dir .. "/nginx.pid")))
    assert.is_true(process.alive(master))
    one:stop()
    assert.is_nil(lfs.attributes(dir)) -- no waiting
    assert.is_false(process.alive(master))
    one:stop()
  end)

  it("ends when it is dropped", function()
    local run = new_run()
    local dir = run.directory.path
    assert(child.start(run))
    local master = tonumber((read_file(dir .. "/nginx.pid")))
    collectgarbage()
    collectgarbage()
    assert.is_true(is_gone(dir, master))
  end)

  it("leaves no file of its own behind", function()
    local path
    local tmpname = stub(os, "tmpname", function()
      path = process.capture "mktemp"
      return path
    end)
    finally(function()
      tmpname:revert()
    end)
    local one = assert(child.start(new_run()))
    assert.is_nil(lfs.attributes(path))
    one:stop()
  end)

  it("says why it did not start", function()
    local one, message = child.start(new_run "no_way;")
    assert.is_nil(one)
    assert.matches("^the child: unknown directive \"no_way\" in [^\n]+$",
      message)
  end)

  it("removes the directory where it can't start at all", function()
    local run = new_run()
    local dir = run.directory.path
    stub(foreground, "command_line", nil, "not there")
    finally(function()
      foreground.command_line:revert()
    end)
    local one, message = child.start(run)
    assert.same({ nil, "not there" }, { one, message })
    assert.is_true(process.eventually(function()
      return not lfs.attributes(dir)
    end))
  end)

  for before, what in pairs { [""] = "whatever else that has started",
    ["trap '' TERM; "] = "also where that ignores TERM" } do
    it("ends with its owner that is killed, " .. what, function()
      local p = process.start({ "sh", "-c", before .. "exec "
        .. process.interpreter() .. " spec/support/scripts/child_killed.lua",
        }, { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
      finally(function()
        p:stop()
      end)
      local dir, other = process.eventually(function()
        return (p:stdout() or ""):find "\n" and p:stdout() or not p:alive()
          and "- 0"
      end):match "^(%S+) (%d+)"
      finally(function()
        os.execute("kill -KILL " .. other)
        p:stop()
      end)
      local master = tonumber((read_file(dir .. "/nginx.pid")))
      assert(master, p:stderr())
      p:signal "KILL"
      assert.is_true(is_gone(dir, master))
      assert.is_true(process.alive(tonumber(other)))
    end)
  end

  it("is stopped by its owner alone, though a copy of that lives on",
    function()
      host.run("--forks 1", "child_forked")
    end)
end)
