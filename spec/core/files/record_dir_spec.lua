-- record_dir: a private folder is made, and foreign files in it are refused; a
-- failure keeps the old record; files that are left behind are removed.
local core = require "equinix.core"
local process = require "spec.support.process"
local support = require "spec.support.folder"

local FOREVER = 2e9 -- a wall-clock second, in 2033
local MAX = 100000

describe("a private folder", function()
  local base, dir, folder

  before_each(function()
    base = process.tempdir()
    dir = base .. "/a/b"
    folder = core.folder(dir)
  end)
  after_each(function()
    process.remove(base)
  end)

  --- Saves with a lease of its own.
  local function save(name, bytes, ends)
    local lease, reason = folder:lock(name, 60)
    if not lease then
      return nil, reason
    end
    local ok
    ok, reason = folder:save(name, bytes, ends or FOREVER, lease)
    lease:close()
    return ok, reason
  end

  local function assert_refused(words, ok, reason)
    assert.is_nil(ok)
    assert.is_truthy(reason:find(words, 1, true), reason)
    assert.is_truthy(reason:find(base, 1, true), reason)
  end

  it("creates nothing until it is used", function()
    assert.is_nil((folder:read("k", MAX)))
    assert.is_true(folder:remove "k")
    assert.is_true(folder:aside("k", "x", MAX))
    assert.equal("", support.names(base))
  end)

  it("is made with its parents for its owner only, whatever the umask",
    function()
      assert.equal("true", (support.run(dir, [[
        local lease = assert(store:lock("k", 60))
        print(store:save("k", "r", 60, lease))]], "umask 0;")))
      assert.equal("rwx------", support.mode(base .. "/a"))
      assert.equal("rwx------", support.mode(dir))
      assert.equal("k.eq-lock k.eq-record", support.names(dir))
      assert.equal("rw-------", support.mode(dir .. "/k.eq-lock"))
      assert.equal("rw-------", support.mode(dir .. "/k.eq-record"))
    end)

  it("returns bytes unchanged, as many as requested", function()
    local bytes = ("\0\255\r\n"):rep(5000)
    assert.is_true(save("k", bytes))
    assert.equal(bytes, folder:read("k", MAX))
    assert.equal(bytes:sub(1, 7), folder:read("k", 7))
    assert.is_true(save("k", ""))
    assert.equal("", folder:read("k", MAX))
  end)

  it("may be removed and is made again", function()
    assert.is_true(save("k", "r"))
    local lease = assert(folder:lock("k", 60))
    process.remove(base .. "/a")
    assert.is_nil((folder:read("k", MAX)))
    assert.same({ nil, "stale" },
      { folder:save("k", "late", FOREVER, lease) })
    assert.is_true(save("k", "new"))
    assert.equal("new", folder:read("k", MAX))
  end)

  it("puts records aside, and keeps the last one only", function()
    assert.is_true(save("k", "bad"))
    assert.is_true(save("l", "worse"))
    assert.is_true(folder:aside("k", "bad", MAX))
    assert.is_true(folder:aside("l", "worse", MAX))
    assert.is_nil((folder:read("k", MAX)))
    assert.equal("worse", support.read(dir .. "/.eq-corrupt"))
    assert.is_true(folder:aside("k", "bad", MAX), "there is none any more")
  end)

  it("does not put aside a record that is new", function()
    assert.is_true(save("k", "good"))
    assert.is_true(folder:aside("k", "bad", MAX))
    assert.is_true(folder:aside("k", "goo", MAX))
    assert.is_true(folder:aside("k", "good, better", MAX))
    assert.equal("good", folder:read("k", MAX))
  end)

  it("raises for what is no name, path, size, time or lease", function()
    local lease = assert(folder:lock("k", 60))
    for _, name in ipairs { "", ".", "..", ".k", "-k", "a/b", "a\0", "a b",
      ("k"):rep(129), 1, true } do
      for _, method in ipairs { "read", "lock", "remove" } do
        assert.is_false(pcall(folder[method], folder, name, 60), name)
      end
      assert.is_false(pcall(folder.save, folder, name, "", 1, lease), name)
      assert.is_false(pcall(folder.aside, folder, name, "", MAX), name)
    end
    for _, path in ipairs { "", "relative", "./a", "/a\0b", true, {} } do
      assert.is_false(pcall(core.folder, path), path)
    end
    for _, size in ipairs { 0, -1, 1e9 } do
      assert.is_false(pcall(folder.read, folder, "k", size))
      assert.is_false(pcall(folder.aside, folder, "k", "", size))
    end
    assert.is_false(pcall(folder.lock, folder, "l", 0 / 0))
    assert.is_false(pcall(folder.save, folder, "k", "", 0 / 0, lease))
    assert.is_false(pcall(folder.save, folder, "k", "", 1, folder))
    assert.is_false(pcall(folder.read, lease, "k", MAX))
    assert.equal("k.eq-lock", support.names(dir))
  end)

  describe("refuses", function()
    local files = { "k.eq-record", "k.eq-lock" }

    --- Puts something at a name; then every operation on it fails, and it is
    --- still there. The lock of a record can still be used.
    local function assert_left_alone(make, words)
      support.sh("mkdir -m 700 -p %s", dir)
      for _, file in ipairs(files) do
        local path = dir .. "/" .. file
        support.sh(make, path)
        local before = support.sh("ls -ld --time-style=full-iso %s", path)
        if file == "k.eq-record" then
          assert_refused(words, folder:read("k", MAX))
          assert_refused(words, folder:remove "k")
          assert_refused(words, folder:aside("k", "", MAX))
        end
        assert_refused(words, save("k", "r"))
        assert.equal(before,
          support.sh("ls -ld --time-style=full-iso %s", path))
        support.sh("rm -rf %s %s/*", path, dir)
      end
    end

    it("links, and does not touch their targets", function()
      local target = base .. "/precious"
      support.write(target, "precious")
      assert_left_alone("ln -s " .. target .. " %s", "not a plain file")
      assert.equal("precious", support.read(target))
      assert_left_alone("ln -s /nowhere %s", "not a plain file")
    end)

    it("files with a second name", function()
      assert_left_alone("umask 077; f=%s; echo x >$f; ln $f " .. base
        .. "/second$$", "second name")
    end)

    it("fifos and folders, without waiting for a writer", function()
      assert_left_alone("mkfifo -m 600 %s", "not a plain file")
      assert_left_alone("mkdir -m 700 %s", "not a plain file")
    end)

    it("files that others may read or write", function()
      assert_left_alone("umask 077; f=%s; echo x >$f; chmod 640 $f",
        "others may use it")
      assert_left_alone("umask 077; f=%s; echo x >$f; chmod 602 $f",
        "others may use it")
    end)

    it("files of another user", function()
      if not support.is_root() then
        return pending "only root can give files away"
      end
      assert_left_alone("umask 077; f=%s; echo x >$f; chown 65534 $f",
        "another user")
    end)

    local function assert_unusable(words)
      assert_refused(words, folder:read("k", MAX))
      assert_refused(words, folder:remove "k")
      assert_refused(words, folder:lock("k", 60))
    end

    it("a folder that others may use", function()
      for _, mode in ipairs { "755", "710", "701" } do
        support.sh("mkdir -p %s; chmod %s %s", dir, mode, dir)
        assert_unusable "others may use it"
      end
      assert.equal("", support.names(dir))
    end)

    it("a folder of another user", function()
      if not support.is_root() then
        return pending "only root can give folders away"
      end
      support.sh("mkdir -m 700 -p %s; chown 65534 %s", dir, dir)
      assert_unusable "another user"
    end)

    it("a link to a folder, a file and a fifo in place of it", function()
      support.sh("mkdir -m 700 -p %s/a %s/real; ln -s %s/real %s", base, base,
        base, dir)
      assert_unusable "not a folder"
      assert.equal("", support.names(base .. "/real"))
      support.sh("rm %s; touch %s", dir, dir)
      assert_unusable "not a folder"
      support.sh("rm %s; mkfifo %s", dir, dir)
      assert_unusable "not a folder"
      support.sh("rm -r %s; touch %s", base .. "/a", base .. "/a")
      assert_unusable "not a folder"
    end)
  end)

  describe("that can't be written keeps the old record:", function()
    -- A child saves once, and again after `between`.
    local TWICE = [[
      local lease = assert(store:lock("k", 60))
      assert(store:save("k", "old", 60, lease))
      assert(os.execute(%q))
      print(store:save("k", ("new"):rep(20000), 60, lease))
      print((store:load "k"))
      os.execute("ls -A " .. dir)
      assert(os.execute(%q))
      print(store:save("k", "newer", 60, lease))
      print((store:load "k"))]]

    it("a full disk", function()
      local mounts = support.own_mounts()
      if not mounts then
        return pending "no mounts are permitted here"
      end
      local out = support.run(dir, TWICE:format(
        "dd if=/dev/zero of=" .. base .. "/filler bs=4k 2>/dev/null; true",
        "rm " .. base .. "/filler"),
        mounts .. (" sh -c 'mount -t tmpfs -o size=256k,mode=700 none %s && "
          .. 'exec "$@"\' sh '):format(base))
      local reason, rest = out:match "^nil\t([^\n]*)\n(.*)$"
      assert.is_truthy((reason or out):find("ENOSPC", 1, true), out)
      assert.equal("old\nk.eq-lock\nk.eq-record\ntrue\nnewer", rest)
    end)

    it("a limit on the size of files", function()
      local out = support.run(dir, TWICE:format("true", "true"),
        "ulimit -f 20; trap '' XFSZ;")
      local reason, rest = out:match "^nil\t([^\n]*)\n(.*)$"
      assert.is_truthy((reason or out):find("EFBIG", 1, true), out)
      assert.equal("old\nk.eq-lock\nk.eq-record\ntrue\nnewer", rest)
    end)

    it("a read-only file system", function()
      local mounts = support.own_mounts()
      if not mounts then
        return pending "no mounts are permitted here"
      end
      local out = support.run(dir, [[
        local lease = assert(store:lock("k", 60))
        assert(store:save("k", "old", 60, lease))
        store:unlock(lease) -- nothing may be open for writing
        assert(os.execute("mount -o remount,ro none ]] .. base .. [["))
        print(store:lock("k", 60))
        print(store:delete "k")
        print((store:load "k"))]],
        mounts .. (" sh -c 'mount -t tmpfs -o size=256k,mode=700 none %s && "
          .. 'exec "$@"\' sh '):format(base))
      assert.equal(2, select(2, out:gsub("nil\t[^\n]*EROFS", "")), out)
      assert.is_truthy(out:find "old$", out)
    end)

    it("a folder without the right to write", function()
      local before = ""
      if support.is_root() then -- its rights don't count
        before = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        if not support.can(before .. " test -r lua/equinix/init.lua") then
          return pending "another user can't read this checkout"
        end
        support.sh("chown 65534:65534 %s", base)
      end
      local out = support.run(dir, [[
        local lease = assert(store:lock("k", 60))
        assert(store:save("k", "old", 60, lease))
        assert(os.execute("chmod 500 " .. dir))
        print(store:save("k", "new", 60, lease))
        print(store:lock("l", 60))
        print((store:load "k"))
        assert(os.execute("chmod 000 " .. dir))
        print(store:load "k")
        assert(os.execute("chmod 700 " .. dir))
        print(store:save("k", "new", 60, lease))]], before)
      assert.equal(3, select(2, out:gsub("nil\t[^\n]*EACCES", "")), out)
      assert.is_truthy(out:find "\nold\n.*\ntrue$", out)
    end)
  end)

  describe("is cleaned up by each save:", function()
    local TEMP = "/.eq-temp-0123456789abcdef"

    -- "" if the file is gone.
    local function rest(file)
      return support.names(dir .. "/" .. file):match "[^/]*$"
    end

    local function sweep()
      assert.is_true(save("sweeper", "r"))
    end

    before_each(function()
      assert.is_true(save("k", "r"))
    end)

    it("files of killed processes, and their locks", function()
      support.write(dir .. TEMP, "half a rec")
      support.write(dir .. "/dead.eq-lock", "1 2")
      sweep()
      assert.equal("k.eq-record sweeper.eq-lock sweeper.eq-record",
        support.names(dir))
    end)

    it("nothing that another process holds", function()
      if not support.can "command -v flock" then
        return pending "needs the command flock"
      end
      local lease = assert(folder:lock("held", 60))
      support.write(dir .. TEMP, "half a rec")
      local holder = process.start { "flock", dir .. TEMP, "sh", "-c",
        "echo held; exec sleep 60" }
      assert(process.eventually(function()
        return holder:stdout() == "held\n"
      end))
      sweep()
      assert.equal(TEMP:sub(2), rest(TEMP:sub(2)))
      assert.same({ nil, "busy" }, { folder:lock("held", 60) })
      assert.is_true(folder:save("held", "r", FOREVER, lease))
      holder:stop()
    end)

    it("records that ended more than a day ago, and no others", function()
      local now = core.time()
      assert.is_true(save("long", "r", now - 90000))
      assert.is_true(save("lately", "r", now - 80000))
      sweep()
      assert.equal("", rest "long.eq-record")
      assert.equal("r", folder:read("lately", MAX))
      assert.equal("r", folder:read("k", MAX))
    end)

    it("nothing of another user, or with another ending", function()
      for _, name in ipairs { "notes.txt", "eq-record", ".eq-record",
        ".eq-corrupt", ".eq-lock", "link.eq-record" } do
        support.write(dir .. "/" .. name, "x")
      end
      support.sh("cd %s; touch -d '9 days ago' n* l* eq* .eq*; chmod 644 "
        .. "eq-record; ln -sf notes.txt link.eq-record", dir)
      support.sh("mkfifo -m 600 %s.eq-lock; mkdir %s%s", dir .. "/fifo", dir,
        TEMP)
      local before = support.names(dir)
      sweep()
      process.capture(("rm %s/sweeper.eq-*"):format(dir))
      assert.equal((before:gsub(" k.eq%-lock", "")), support.names(dir))
    end)

    it("a bounded number at a time, all of them in the end", function()
      support.sh("cd %s; umask 077; for i in $(seq 1000); do "
        .. ": >.eq-temp-$i; done", dir)
      local function count()
        return tonumber(support.sh("ls -A %s | grep -c temp || true", dir))
      end
      sweep()
      assert.is_true(count() >= 1000 - 64, count())
      assert.is_true(count() < 1000, count())
      assert.is_true(process.eventually(function()
        sweep()
        return count() == 0
      end, 30))
    end)
  end)
end)
