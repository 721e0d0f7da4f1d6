-- log_copy: standard input to standard error, without waiting for it.
local process = require "spec.support.process"

describe("core.copy_log", function()
  local dir
  before_each(function()
    dir = process.tempdir()
    assert.equal(0, select(2, process.capture("mkfifo " .. dir .. "/err")))
  end)
  after_each(function()
    process.remove(dir)
  end)

  -- A shell's command, in which $COPY is a Lua that copies.
  local function run(line)
    local file = assert(io.open(dir .. "/copy.lua", "w"))
    file:write "require('equinix.core').copy_log()"
    file:close()
    -- The command runs in another folder, so paths have to be absolute.
    local cpath = package.cpath:gsub("([^;]+)", function(entry)
      return entry:find "^/" and entry or process.capture "pwd" .. "/" .. entry
    end)
    return process.capture(("export LUA_CPATH='%s'; trap '' PIPE; cd %s; "
      .. "COPY='%s %s/copy.lua'\n"):format(cpath, dir,
      process.interpreter():gsub("'", ""), dir) .. line)
  end

  it("copies all, also a last line without an end", function()
    for _, target in ipairs { "2>out", "2>&1 >/dev/null | cat >out" } do
      local said, code = run("{ seq 100000; printf end; } >in; $COPY <in "
        .. target .. "; cmp in out")
      assert.equal(0, code, said)
    end
  end)

  it("appends to what others have written", function()
    assert.equal("before\nmine\nafter", (run("{ echo before >&2; "
      .. "echo mine | $COPY; echo after >&2; } 2>out; cat out")))
  end)

  it("ends although there is no reader, and cuts no line", function()
    local said, code = run("exec 5<>err; seq 1000000 | $COPY 2>&5 & "
      .. "wait $!; dd bs=65536 count=1 <&5 2>/dev/null >out; "
      .. "head -n $(wc -l <out) out >lines; cmp out lines && wc -l <out && "
      .. "seq $(wc -l <out) | cmp - out")
    assert.equal(0, code, said)
    assert.is_true(tonumber(said) > 1000)
  end)

  it("writes again when the reader reads again", function()
    -- The reader comes when more was written than a pipe holds; the word is
    -- repeated until it was read.
    local said = run("mkfifo in; exec 5<>err 6<>in; timeout 300 $COPY <in "
      .. "6<&- 2>&5 & seq 100000 >&6; { while sleep 0.05; do echo again; "
      .. "done >&6; } & timeout 300 grep -m 1 again <&5; kill $! $(jobs -p)")
    assert.equal("again", said:match "again")
  end)

  it("reads all although the reader is gone", function()
    local said, code = run("{ seq 1000000; echo $? >fine; } | "
      .. "{ $COPY 2>&1 >/dev/null; } | true; cat fine")
    assert.equal("0", said)
    assert.equal(0, code)
  end)

  it("does not change the open file", function()
    assert.equal("", (run("exec 5<>err; echo x | $COPY 2>&5; "
      .. "grep -E '^flags:.*4[0-9]{3}$' /proc/self/fdinfo/5 2>/dev/null")))
  end)
end)
