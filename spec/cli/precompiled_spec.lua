-- cli.precompiled: what the build compiled is taken for the same text only.
--
-- The trees are as LuaRocks makes them: the modules are the checkout's, with
-- Lua 5.4's core. In their files the code of a module is another program, so
-- that its output says whether it was taken.
local process = require "spec.support.process"

-- write.lua OUT TEXT CHANGE PROGRAM: a file with one module, equinix.cli.
local WRITE = [[
local out, path, change, program = (table.unpack or unpack)(arg)
local file = assert(io.open(path, "rb"))
local text = file:read "*a"
file:close()
text = change == "longer" and text .. " " or change == "shorter" and
  text:sub(1, -2) or change == "other" and text:gsub("command", "Command", 1)
  or text
local code = string.dump(assert(load(program)))
file = assert(io.open(out, "wb"))
file:write((" equinix.cli 0 %d %d \n"):format(#text, #code), text, code)
file:close()]]
local PROGRAM = "print [[it was compiled]] io.stdout:flush() "
  .. "os.execute [[ls -l /proc/self/fd]] os.exit(0)"

local function has(name)
  return select(2, process.capture("command -v " .. name)) == 0
    and select(2, process.capture("ls build/" .. name
      .. "/equinix/core.so")) == 0
end

describe("compiled modules", function()
  if not has "lua5.4" then
    return pending "no program has the name lua5.4"
  end
  local dir, chunks
  before_each(function()
    dir = process.tempdir()
    chunks = dir .. "/lib/lua/5.4/equinix/start.chunks"
    process.capture(([[here=$PWD && cd %s && mkdir -p bin share/lua/5.4 \
      lib/lua/5.4/equinix && cp $here/bin/equinix-auth bin &&
      cp -R $here/lua/equinix share/lua/5.4 &&
      ln -s $here/build/lua5.4/equinix/core.so lib/lua/5.4/equinix]])
      :format(dir))
    local file = assert(io.open(dir .. "/write.lua", "w"))
    file:write(WRITE)
    file:close()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function write(change, lua)
    local said, code = process.capture(("%s %s/write.lua %s %s/share/lua/5.4/"
      .. "equinix/cli/init.lua %s '%s' 2>&1"):format(lua or "lua5.4", dir,
      chunks, dir, change, PROGRAM))
    assert.equal(0, code, said)
  end

  local function run()
    return process.capture(("cd / && env -u LUA_PATH -u LUA_CPATH "
      .. "%s/bin/equinix-auth --version 2>&1"):format(dir))
  end

  local function assert_as_usual()
    local said, code = run()
    assert.equal(0, code, said)
    assert.matches("^equinix%-auth [^\n]+\nLua 5.4", said)
  end

  it("are taken for the very text that they were made from", function()
    assert_as_usual() -- without the file
    write "same"
    assert.matches("^it was compiled\n", (run()))
    for _, change in ipairs { "longer", "shorter", "other" } do
      write(change)
      assert_as_usual()
    end
  end)

  it("are not taken from a file that is cut, empty or another Lua's",
    function()
      write "same"
      local file = assert(io.open(chunks, "rb"))
      local whole = file:read "*a"
      file:close()
      for _, size in ipairs { #whole - 1, #whole - 30, #whole - 200, 400, 20,
        1, 0 } do
        file = assert(io.open(chunks, "wb"))
        file:write(whole:sub(1, size))
        file:close()
        assert_as_usual()
      end
      if has "lua5.3" then
        write("same", "lua5.3")
        assert_as_usual()
      end
    end)

  it("are made by the build, also those of `serve`", function()
    local file = assert(io.open "build/lua5.4/equinix/start.chunks")
    local index = file:read "*l"
    file:close()
    local lists = dofile "tools/start_modules.lua"
    for name in (lists.token .. " " .. lists.request .. " " .. lists.serve)
      :gmatch "%S+" do
      local here = index:find(" equinix." .. name .. " ", 1, true)
      local others = name == "cjson" or name == "core" or name == "argparse"
      assert.equal(not others, here ~= nil, name)
    end
  end)

  it("leave no file open for a program that is started", function()
    write "same"
    local said = run()
    assert.matches("^it was compiled\n", said)
    assert.is_nil(said:find("start.chunks", 1, true), said)
  end)
end)
