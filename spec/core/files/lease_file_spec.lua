-- lease_file: the lease of a name, when its holder dies, is stopped or forks;
-- and only the holder can save.
local core = require "equinix.core"
local file = require "equinix.store.file"
local host = require "spec.support.host"
local lfs = require "lfs"
local process = require "spec.support.process"
local support = require "spec.support.folder"

local LONG = 60

describe("a lease", function()
  local dir, store, child

  before_each(function()
    dir = process.tempdir()
    store = assert(file { dir = dir })
  end)
  after_each(function()
    if child then
      child:stop()
      child = nil
    end
    process.remove(dir)
  end)

  local function assert_busy()
    assert.same({ nil, "busy" }, { store:lock("k", LONG) })
  end

  it("is free in the moment its holder is killed", function()
    child = support.child(dir, [[
      local lease = assert(store:lock("k", 3600))
      print "locked"
      core.sleep(60)]])
    child:says "locked"
    assert_busy()
    child:signal "KILL"
    assert.equal(137, child:wait())
    assert(store:lock("k", LONG))
  end)

  it("is free when its holder ends, or closes it", function()
    support.run(dir, [[assert(store:lock("k", 3600))]])
    assert(store:lock("k", LONG))
    collectgarbage() -- twice: the first one only runs its finalizer
    collectgarbage()
    assert(store:lock("k", LONG))
  end)

  it("keeps others out while its holder is stopped", function()
    child = support.child(dir, [[
      local lease = assert(store:lock("k", 3600))
      print "locked"
      await(dir .. "/go")
      print(store:save("k", "in time", 60, lease))]])
    child:says "locked"
    child:signal "STOP"
    assert_busy()
    child:signal "CONT"
    support.write(dir .. "/go", "")
    child:says "true"
    assert.equal("in time", (store:load "k"))
  end)

  it("is taken over from a holder that is stopped beyond its time; what it "
    .. "does then touches nothing", function()
    child = support.child(dir, [[
      local lease = assert(store:lock("k", 0.3))
      print "locked"
      await(dir .. "/go")
      print(store:save("k", "late", 60, lease))
      print(store:unlock(lease))
      print(store:save("k", "later", 60, lease))]])
    child:says "locked"
    child:signal "STOP"
    local lease = assert(process.eventually(function()
      return (store:lock("k", LONG))
    end))
    assert.is_true(store:save("k", "new", LONG, lease))
    support.write(dir .. "/go", "")
    child:signal "CONT"
    assert.equal(0, child:wait())
    assert.equal("locked\nnil\tstale\ntrue\nnil\tstale\n", child:stdout())
    assert.equal("new", (store:load "k"))
    assert_busy()
    assert.is_true(store:save("k", "newer", LONG, lease))
  end)

  it("is lost when its file is removed or replaced", function()
    local lease = assert(store:lock("k", LONG))
    support.sh("rm %s/k.eq-lock", dir)
    assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
    support.write(dir .. "/k.eq-lock", "")
    assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
    assert.is_nil((store:load "k"))
  end)

  it("is over if its file holds no time", function()
    for _, words in ipairs { "", "x", "12", "99999999999999999999x" } do
      local lease = assert(store:lock("k", LONG))
      support.write(dir .. "/k.eq-lock", words)
      local new = assert(store:lock("k", LONG), words)
      assert.same({ nil, "stale" }, { store:save("k", "r", LONG, lease) })
      store:unlock(new)
    end
  end)

  it("of another machine lasts as long as its holder", function()
    local lease = assert(store:lock("k", LONG))
    -- On a network file system: that clock can't be compared.
    support.write(dir .. "/k.eq-lock", "1 another-boot")
    assert_busy()
    store:unlock(lease)
    assert(store:lock("k", LONG))
  end)

  it("may last for ever, or be over when it begins", function()
    local folder = core.folder(dir)
    local lease = assert(folder:lock("k", math.huge))
    assert.same({ nil, "busy" }, { folder:lock("k", 1) })
    lease:close()
    for _, seconds in ipairs { 0, -1, -math.huge } do
      local over = assert(folder:lock("k", seconds))
      assert.same({ nil, "stale" }, { folder:save("k", "r", 2e9, over) })
    end
    assert.equal("equinix.lease (closed)", tostring(lease))
  end)

  it("leaves no file when it is unlocked", function()
    assert(store:unlock(assert(store:lock("k", LONG))))
    assert.equal("", support.names(dir))
  end)

  it("leaves the file of the next holder when it was over", function()
    local folder = core.folder(dir)
    local old = assert(folder:lock("k", 0))
    local new = assert(folder:lock("k", 60))
    folder:unlock(old)
    assert.equal("k.eq-lock", support.names(dir))
    assert.same({ nil, "busy" }, { folder:lock("k", 60) })
    folder:unlock(new)
    folder:unlock(new) -- does nothing
    assert.equal("", support.names(dir))
  end)

  it("fails after a second if the folder stays locked", function()
    if not support.can "command -v flock" then
      return pending "needs the command flock"
    end
    local lease = assert(store:lock("k", LONG))
    assert.is_true(store:save("k", "old", LONG, lease))
    child = process.start { "flock", dir, "sh", "-c",
      "echo held; exec sleep 60" }
    assert(process.eventually(function()
      return child:stdout() == "held\n"
    end))
    for _, answer in ipairs { { store:lock("l", LONG) },
      { store:save("k", "new", LONG, lease) }, { store:delete "k" } } do
      assert.is_nil(answer[1])
      assert.is_truthy(answer[2]:find("keeps the folder locked", 1, true))
    end
    assert.equal("old", (store:load "k"))
    assert.is_true(store:unlock(lease))
  end)

  it("belongs to the parent alone after a fork, dead or alive", function()
    if not lfs.attributes(host.program) then
      return pending("needs " .. host.program)
    end
    host.run("--forks 2", "lease_forked", dir)
  end)

  it("made before a fork belongs to no worker", function()
    if not lfs.attributes(host.program) then
      return pending("needs " .. host.program)
    end
    host.run("--preload spec.support.scripts.lease_parent --forks 3",
      "lease_inherited", dir)
  end)

  it("leaves no file open when memory runs out", function()
    if not lfs.attributes(host.program)
      or not lfs.attributes "/proc/self/fd" then
      return pending("needs " .. host.program .. " and /proc")
    end
    host.run("--threads 1", "store_starved", dir)
  end)

  for _, how in ipairs { "--forks", "--threads" } do
    it("has one holder, and no record is torn (" .. how .. ")", function()
      if not lfs.attributes(host.program) then
        return pending("needs " .. host.program)
      end
      host.run(how .. " 4", "store_hammer", dir)
      assert.is_truthy((store:load "k"):find "^200 ")
      -- The last one may have unlocked while another had the folder.
      assert.equal("k.eq-record", (support.names(dir)
        :gsub("^k%.eq%-lock ", "")))
    end)
  end
end)
