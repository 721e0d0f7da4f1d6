-- store.file and crashes: a save is killed, fails or is interrupted at every
-- system call that it makes; what can be read is the complete old record or
-- the complete new one, and the next process can save.
--
-- strace does it. A first run finds the calls between two marks (opens of
-- files that don't exist), and the number of each among those of its name,
-- since that is what strace needs.
local file = require "equinix.store.file"
local process = require "spec.support.process"
local support = require "spec.support.folder"

local OLD, NEW = ("old "):rep(5000), ("new, longer "):rep(5000)

-- What is done between the marks; the exit code has the result.
local SAVE = [[
io.open "/mark-begin"
local lease, reason = store:lock("k", 60)
local saved
if lease then
  saved, reason = store:save("k", ("new, longer "):rep(5000), 60, lease)
  store:unlock(lease)
end
io.open "/mark-end"
if not saved then assert(reason ~= "busy" and reason ~= "stale", reason) end
os.exit(saved and 0 or 3)]]

-- These are Lua's own, and their number varies.
local MEMORY = {
  brk = true, mmap = true, munmap = true, mremap = true, madvise = true,
  futex = true, clock_gettime = true, rt_sigprocmask = true,
}

describe("a save", function()
  local base, dir, store

  before_each(function()
    base = process.tempdir()
    dir = base .. "/store"
    store = assert(file { dir = dir })
    local lease = assert(store:lock("k", 60))
    assert(store:save("k", OLD, 60, lease))
    store:unlock(lease)
    -- A file that the save cleans up.
    support.write(dir .. "/.eq-temp-stray", "x")
  end)
  after_each(function()
    process.remove(base)
  end)

  --- strace as a prefix of a command; leaks can't be looked for under it.
  local function strace(options)
    return ("env ASAN_OPTIONS=%s strace -f -o %s/log %s"):format(
      process.quote((os.getenv "ASAN_OPTIONS" or "") .. ":detect_leaks=0"),
      base, options)
  end

  --- Runs the save under strace; -> its exit code.
  local function run(options)
    return (select(2, support.run(dir, SAVE, strace(options))))
  end

  --- The system calls of a save: {name, which of that name}.
  local function calls()
    assert.equal(0, run "-e trace=all")
    local list, counts, within = {}, {}, false
    for line in support.read(base .. "/log"):gmatch "[^\n]+" do
      local name = line:match "^%d+ +([%w_]+)%("
      if name then
        counts[name] = (counts[name] or 0) + 1
      end
      if line:find("/mark-", 1, true) then
        within = line:find "begin" ~= nil
      elseif within and name and not MEMORY[name] then
        list[#list + 1] = { name, counts[name] }
      end
    end
    assert.is_true(#list > 20, "too few system calls")
    return list
  end

  --- Checks what was left: one of the two records, and the next save works.
  local function assert_sound(where)
    local record, reason = store:load "k"
    assert.is_true(record == OLD or record == NEW, where .. ": "
      .. tostring(reason or record and "torn" or "lost"))
    local lease = assert(store:lock("k", 60))
    assert.is_true(store:save("k", OLD, 60, lease), where)
    store:unlock(lease)
    assert.equal("k.eq-record", support.names(dir), where)
    support.write(dir .. "/.eq-temp-stray", "x")
    return record
  end

  local function has_strace()
    return support.can "strace -f -o /dev/null true"
  end

  it("that is killed at any system call leaves a complete record", function()
    if not has_strace() then
      return pending "needs strace, and the right to use it"
    end
    local seen = { [OLD] = 0, [NEW] = 0 }
    for _, call in ipairs(calls()) do
      local where = call[1] .. " no. " .. call[2]
      assert.equal(137, run(("-e inject=%s:signal=KILL:when=%d"):format(
        call[1], call[2])), where)
      local record = assert_sound(where)
      seen[record] = seen[record] + 1
    end
    -- There were kills before and after the rename.
    assert.is_true(seen[OLD] > 10 and seen[NEW] > 2)
  end)

  it("of which any system call fails says so, unless it did not matter",
    function()
      if not has_strace() then
        return pending "needs strace, and the right to use it"
      end
      local failed = 0
      for _, call in ipairs(calls()) do
        local where = call[1] .. " no. " .. call[2]
        local code = run(("-e inject=%s:error=EIO:when=%d"):format(call[1],
          call[2]))
        assert.is_true(code == 0 or code == 3, where .. ": " .. code)
        failed = failed + (code == 3 and 1 or 0)
        local record = assert_sound(where)
        assert.is_true(code == 3 or record == NEW, where)
      end
      assert.is_true(failed > 10)
    end)

  it("that is interrupted by a signal at any call goes on", function()
    if not has_strace() then
      return pending "needs strace, and the right to use it"
    end
    for _, name in ipairs { "openat", "flock", "write", "fsync" } do
      for _, call in ipairs(calls()) do
        if call[1] == name then
          local where = call[1] .. " no. " .. call[2]
          assert.equal(0, run(("-e inject=%s:error=EINTR:when=%d"):format(
            call[1], call[2])), where)
          assert.equal(NEW, assert_sound(where))
        end
      end
    end
  end)

  it("is on the disk before it is renamed, and then the name is", function()
    if not has_strace() then
      return pending "needs strace, and the right to use it"
    end
    local names = {}
    for _, call in ipairs(calls()) do
      names[#names + 1] = call[1]
    end
    local text = table.concat(names, " ")
    assert.is_truthy(text:find "write.* fsync .*rename.* fsync", text)
  end)

  it("whose writer is stopped until another saved is refused", function()
    if not has_strace() then
      return pending "needs strace, and the right to use it"
    end
    -- It is stopped when the record is written, before it is renamed.
    local child = support.child(dir, [[
      local lease = assert(store:lock("k", 0.5))
      print(("pid %d."):format(core.pid()))
      print(store:save("k", "late", 60, lease))]],
      strace "-e inject=fsync:signal=STOP:when=1")
    child:says "."
    local pid = child:stdout():match "pid (%d+)"
    assert(process.eventually(function()
      return support.read(base .. "/log"):find "stopped by SIGSTOP"
    end))
    local lease = assert(process.eventually(function()
      return (store:lock("k", 60))
    end))
    assert.is_true(store:save("k", NEW, 60, lease))
    support.sh("kill -CONT %s", pid)
    assert.equal(0, child:wait())
    child:stop()
    assert.is_truthy(child:stdout():find "nil\tstale\n$", child:stdout())
    assert.equal(NEW, (store:load "k"))
    assert.equal("k.eq-lock k.eq-record", support.names(dir))
  end)
end)
