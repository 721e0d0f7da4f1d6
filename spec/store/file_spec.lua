-- file: what every store promises; where the folder is; what a record's file
-- contains, and what happens to one with other content.
local contract = require "equinix.store.contract"
local core = require "equinix.core"
local file = require "equinix.store.file"
local process = require "spec.support.process"
local raises = require "spec.support.raises"
local support = require "spec.support.folder"

describe("store.file keeps the port:", function()
  local dir
  local function open()
    return assert(file { dir = dir })
  end
  after_each(function()
    process.remove(dir)
  end)
  contract.declare {
    make = function()
      dir = process.tempdir()
      return open()
    end,
    peer = open,
  }
end)

describe("store.file", function()
  local base, dir, store

  before_each(function()
    base = process.tempdir()
    dir = base .. "/store"
    store = assert(file { dir = dir })
  end)
  after_each(function()
    process.remove(base)
  end)

  local function save(record, ttl)
    local lease = assert(store:lock("k", 60))
    assert(store:save("k", record, ttl or 60, lease))
    store:unlock(lease)
  end

  describe("is opened", function()
    it("without touching anything", function()
      assert.equal("", support.names(base))
      assert.is_nil((store:load "k"))
      assert.is_true(store:delete "k")
      assert.equal("", support.names(base))
    end)

    it("by a call or by new, with a slash at the end or without", function()
      save "r"
      for _, other in ipairs { file.new { dir = dir },
        file { dir = dir .. "//" } } do
        assert.equal("r", (other:load "k"))
      end
    end)

    it("with known options only", function()
      raises.assert("unknown option 'dirr', did you mean 'dir'?", function()
        raises.here() file { dirr = "/x" }
      end)
      raises.assert("option 'dir' must be a string, not a number", function()
        raises.here() file.new { dir = 1 }
      end)
    end)

    it("in an absolute folder only", function()
      for _, path in ipairs { "", "cache", "./cache", "~/cache", "/a\0b" } do
        local none, err = file { dir = path }
        assert.is_nil(none)
        assert.same({ "config",
          "store.file: option dir must be an absolute path" },
          { err.kind, err.message })
      end
    end)

    it("not through a link, with a slash at the end either", function()
      support.sh("mkdir -m 700 %s/real; ln -s real %s", base, dir)
      local lease, reason = file({ dir = dir .. "/" }):lock("k", 60)
      assert.is_nil(lease)
      assert.is_truthy(reason:find("a link", 1, true), reason)
    end)
  end)

  describe("without option dir", function()
    -- The files that a save makes below `base`, with these variables.
    local function made(env)
      local variables = { HOME = false, XDG_RUNTIME_DIR = false,
        XDG_CACHE_HOME = false }
      for name, value in pairs(env) do
        variables[name] = value
      end
      local child = support.child(dir, [[
        local store, err = require "equinix.store.file" ()
        if err then return print(err.kind, err) end
        local lease, reason = store:lock("k", 60)
        print(lease and store:save("k", "r", 60, lease), reason)]], nil,
        { env = variables })
      child:wait()
      child:stop()
      return support.sh("cd %s; find . -name '*record'", base),
        child:stdout()
    end

    it("is in the folder for the session, else in the cache", function()
      local run, cache = base .. "/run", base .. "/cache"
      local home = base .. "/home"
      assert.equal("./run/equinix/k.eq-record", (made {
        XDG_RUNTIME_DIR = run, XDG_CACHE_HOME = cache, HOME = home }))
      process.remove(run)
      assert.equal("./cache/equinix/k.eq-record", (made {
        XDG_CACHE_HOME = cache, HOME = home }))
      process.remove(cache)
      assert.equal("./home/.cache/equinix/k.eq-record", (made {
        HOME = home }))
    end)

    it("ignores what is relative or empty", function()
      assert.equal("./home/.cache/equinix/k.eq-record", (made {
        XDG_RUNTIME_DIR = "run", XDG_CACHE_HOME = "", HOME = base .. "/home",
      }))
    end)

    it("says what to set where none can be used", function()
      for _, env in ipairs { {}, { HOME = "" }, { HOME = "home" } } do
        local found, said = made(env)
        assert.equal("", found)
        assert.equal("config\tequinix: store.file: there is no folder to "
          .. "use: set HOME or XDG_RUNTIME_DIR to an absolute path, or "
          .. "option dir\n", said)
      end
    end)

    it("says which folder can't be made", function()
      support.write(base .. "/plain", "")
      local _, said = made { HOME = base .. "/plain/home" }
      assert.is_truthy(said:find("nil\t.*ENOTDIR.*plain/home")
        or said:find("not a folder", 1, true), said)
    end)
  end)

  describe("counts a file that it did not write so as a miss,", function()
    local path

    before_each(function()
      path = dir .. "/k.eq-record"
      save(("record"):rep(100))
    end)

    local function assert_put_aside(bytes)
      support.write(path, bytes)
      local record, reason, note = store:load "k"
      assert.is_nil(record or reason)
      assert.matches("put aside", note)
      assert.equal(bytes, support.read(dir .. "/.eq-corrupt"))
      assert.equal(".eq-corrupt", support.names(dir))
    end

    it("and puts it aside: cut at any place", function()
      local bytes = support.read(path)
      for n = 0, #bytes - 1, 23 do
        assert_put_aside(bytes:sub(1, n))
      end
      assert_put_aside(bytes:sub(1, -2))
    end)

    it("and puts it aside: any byte changed", function()
      local bytes = support.read(path)
      for n = 1, #bytes, 13 do
        local byte = string.char((bytes:byte(n) + 1) % 256)
        assert_put_aside(bytes:sub(1, n - 1) .. byte .. bytes:sub(n + 1))
      end
    end)

    it("and puts it aside: too long, or of another format", function()
      local bytes = support.read(path)
      assert_put_aside(bytes .. "x")
      assert_put_aside(bytes .. bytes)
      assert_put_aside(("x"):rep(70000))
      support.write(path, ("x"):rep(200000))
      assert.is_nil((store:load "k"))
      assert_put_aside "{}"
      assert_put_aside(bytes:gsub("^equinix%-record%-1", "other"))
    end)

    it("and the next save goes on", function()
      assert_put_aside "x"
      save "new"
      assert.equal("new", (store:load "k"))
    end)

    it("and fails where it can't be put aside", function()
      support.write(path, "x")
      support.sh("mkdir %s/.eq-corrupt", dir)
      local record, reason = store:load "k"
      assert.is_nil(record)
      assert.is_truthy(reason:find("EISDIR", 1, true), reason)
    end)
  end)

  it("says why a file that others may read is not used", function()
    save "r"
    support.sh("chmod 644 %s/k.eq-record", dir)
    local record, reason = store:load "k"
    assert.is_nil(record)
    assert.equal("others may use it; take away the rights of group and "
      .. "others: " .. dir .. "/k.eq-record", reason)
  end)

  describe("counts a time to live by the wall clock:", function()
    local wall = core.time
    after_each(function()
      core.time = wall -- luacheck: ignore 122
    end)

    -- The fault itself: a clock that is set.
    local function set_clock(by)
      core.time = function() -- luacheck: ignore 122
        return wall() + by
      end
    end

    it("what is left is less when time has passed", function()
      save("r", 100)
      set_clock(60)
      local record, ttl = store:load "k"
      assert.equal("r", record)
      assert.is_true(ttl <= 40 and ttl > 30, ttl)
      set_clock(100)
      assert.same({}, { store:load "k" })
    end)

    it("a clock that was set back leaves no more than it had", function()
      save("r", 100)
      for _, back in ipairs { 1, 1000, 1e9 } do
        set_clock(-back)
        local record, ttl = store:load "k"
        assert.same({ "r", 100 }, { record, ttl })
      end
    end)

    it("a clock that was far ahead when it was saved likewise", function()
      set_clock(1e9)
      save("r", 100)
      core.time = wall -- luacheck: ignore 122
      assert.same({ "r", 100 }, { store:load "k" })
    end)

    it("a time to live of decades is cut", function()
      save("r", 1e300)
      local record, ttl = store:load "k"
      assert.equal("r", record)
      assert.is_true(ttl <= 1e9, ttl)
      set_clock(1e9 + 1)
      assert.same({}, { store:load "k" })
    end)
  end)
end)
