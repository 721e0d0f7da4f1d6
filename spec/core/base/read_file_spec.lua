-- read_file: a regular file is read anew each time, a pipe once.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("core.read_file", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function write(name, bytes)
    local file = assert(io.open(dir .. "/" .. name, "wb"))
    file:write(bytes)
    file:close()
    return dir .. "/" .. name
  end

  -- The output of a script that gets a pipe as its argument.
  local function with_pipe(text, code, ...)
    local script = write("script.lua", ("package.cpath = %q\n"
      .. "local core = require 'equinix.core'\nlocal path = arg[1]\n%s")
      :format(package.cpath, code:format(...)))
    return process.capture(("timeout 300 bash -c '%s %s <(%s)' 2>&1"):format(
      process.interpreter(), script, text))
  end

  it("reads a regular file anew each time", function()
    local path = write("a", "one\0\n")
    assert.are.equal("one\0\n", core.read_file(path, 100))
    write("a", "two")
    assert.are.equal("two", core.read_file(path, 3))
    write("a", "")
    assert.are.equal("", core.read_file(path, 100))
    assert.is_false(core.is_pipe(path))
    assert.is_false(core.is_pipe(dir))
    assert.is_false(core.is_pipe(dir .. "/none"))
  end)

  it("reads all of a large one", function()
    local bytes = ("0123456789abcdef"):rep(65536)
    assert.are.equal(bytes, core.read_file(write("a", bytes), #bytes))
  end)

  it("says why it can't", function()
    local path = write("a", "four")
    assert.are.same({ nil, "EFBIG" }, { core.read_file(path, 3) })
    assert.are.same({ nil, "ENOENT" }, { core.read_file(dir .. "/b", 3) })
    assert.are.same({ nil, "EISDIR" }, { core.read_file(dir, 3) })
    assert.are.same({ nil, "ENOTDIR" },
      { core.read_file(path .. "/b", 3) })
  end)

  it("raises what is no path and no size", function()
    for _, words in ipairs { { "a\0b", 1 }, { "a", -1 }, { "a", 2 ^ 21 },
      { "a", 1, 0 / 0 }, {} } do
      assert.is_false(pcall(core.read_file, words[1], words[2], words[3]))
    end
    assert.is_false(pcall(core.is_pipe, "a\0b"))
  end)

  it("reads a pipe once, and gives its bytes each time", function()
    assert.are.equal("true\nsecret\nsecret\nEFBIG", with_pipe("echo secret", [[
      print(core.is_pipe(path))
      io.write(core.read_file(path, 100), core.read_file(path, 100))
      print(select(2, core.read_file(path, 3)))]]))
  end)

  it("waits for the writer of a pipe", function()
    assert.are.equal("late", with_pipe("sleep 0.3; printf la; sleep 0.3; "
      .. "printf te", [[
      print(core.read_file(path, 100))]]))
  end)

  it("does not wait for ever", function()
    local _, code = process.capture("mkfifo " .. dir .. "/fifo")
    assert.are.equal(0, code)
    assert.are.same({ nil, "ETIMEDOUT" },
      { core.read_file(dir .. "/fifo", 100, 0.05) })
    assert.are.equal("ETIMEDOUT", with_pipe("exec sleep 2 2>&-", [[
      print(select(2, core.read_file(path, 100, 0.05)))]]))
  end)

  -- Most file systems give the number of the first one to the second.
  it("keeps nothing for a named pipe that takes another one's place",
    function()
      for _, text in ipairs { "one", "two" } do
        local path = dir .. "/fifo"
        local _, code = process.capture(("rm -f %s; mkfifo %s && (timeout 300 "
          .. "sh -c 'printf %s >%s' >&- 2>&- &)"):format(path, path, text,
          path))
        assert.are.equal(0, code)
        assert.are.equal(text, core.read_file(path, 100, 10))
        assert.are.equal(text, core.read_file(path, 100, 10))
      end
    end)

  it("keeps the bytes of each pipe apart, of the newest ones", function()
    local words = {}
    for i = 1, 3 do
      words[i] = ("<(echo %d)"):format(i)
    end
    local script = write("script.lua", ([[
      package.cpath = %q
      local core = require "equinix.core"
      for _ = 1, 2 do
        for i = 1, 3 do io.write(core.read_file(arg[i], 10)) end
      end]]):format(package.cpath))
    assert.are.equal("1\n2\n3\n1\n2\n3", process.capture(("bash -c '%s %s %s'"
      ):format(process.interpreter(), script, table.concat(words, " "))))
  end)
end)

describe("core.keep_file", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function write(bytes)
    local file = assert(io.open(dir .. "/a", "wb"))
    file:write(bytes)
    file:close()
    return dir .. "/a"
  end

  it("counts where the file is gone, and only there", function()
    local path = write "one"
    assert.is_true(core.keep_file(path))
    assert.is_false(core.is_pipe(path))
    write "two"
    assert.are.equal("two", core.read_file(path, 10))
    os.remove(path)
    assert.is_true(core.is_pipe(path))
    assert.are.equal("one", core.read_file(path, 10))
    assert.are.same({ nil, "EFBIG" }, { core.read_file(path, 2) })
    assert.are.same({ nil, "ENOENT" }, { core.read_file(path .. "b", 9) })
    write "three"
    assert.is_false(core.is_pipe(path))
    assert.are.equal("three", core.read_file(path, 10))
  end)

  it("has the newest bytes that were kept", function()
    local path = write "one"
    assert.is_true(core.keep_file(path))
    write "two"
    assert.is_true(core.keep_file(path))
    os.remove(path)
    assert.is_true(core.keep_file(path)) -- what is kept already
    assert.are.equal("two", core.read_file(path, 10))
  end)

  it("counts where the path leads nowhere, in another process", function()
    local script = dir .. "/script.lua"
    local file = assert(io.open(script, "wb"))
    file:write(([[
      package.cpath = %q
      local core = require "equinix.core"
      assert(core.keep_file(arg[1]))
      os.rename(arg[1], arg[1] .. ".moved")
      print(core.is_pipe(arg[1]), core.read_file(arg[1], 10))
    ]]):format(package.cpath))
    file:close()
    assert.are.equal("true\tone", process.capture(("%s %s %s 2>&1"):format(
      process.interpreter(), script, write "one")))
  end)

  it("says why it can't, and keeps what it has", function()
    assert.are.same({ nil, "ENOENT" }, { core.keep_file(dir .. "/none") })
    assert.are.same({ nil, "EISDIR" }, { core.keep_file(dir) })
    local path = write(("x"):rep(1024 * 1024 + 1))
    assert.are.same({ nil, "EFBIG" }, { core.keep_file(path) })
    assert.is_false(pcall(core.keep_file, "a\0b"))
    write "small"
    assert.is_true(core.keep_file(path))
    write(("x"):rep(1024 * 1024 + 1))
    assert.are.same({ nil, "EFBIG" }, { core.keep_file(path) })
    os.remove(path)
    assert.are.equal("small", core.read_file(path, 10))
  end)

  it("forgets the oldest of many", function()
    local first = write "first"
    assert.is_true(core.keep_file(first))
    os.rename(first, dir .. "/gone")
    for i = 1, 70 do
      local path = write(tostring(i))
      os.rename(path, path .. i)
      assert.is_true(core.keep_file(path .. i))
    end
    assert.are.same({ nil, "ENOENT" }, { core.read_file(first, 10) })
    os.remove(dir .. "/a70")
    assert.are.equal("70", core.read_file(dir .. "/a70", 10))
  end)
end)
