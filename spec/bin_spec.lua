-- bin/equinix-auth: which Lua it runs on, whatever was installed last.
--
-- The trees are as LuaRocks makes them: the modules are the checkout's, each
-- Lua has the core that was built for it.
local process = require "spec.support.process"

-- The command of a Lua, or nil where it is not built for one.
local function command_of(name)
  local path = process.capture(("command -v $(tools/lua.sh %s command)")
    :format(name))
  local built = process.capture("ls build/" .. name
    .. "/equinix/core.so 2>/dev/null")
  return built ~= "" and path:find "^/" and path or nil
end

describe("the command of a tree", function()
  local dir, here
  before_each(function()
    dir, here = process.tempdir(), process.capture "pwd"
    process.capture(("mkdir %s/bin %s/path && cp bin/equinix-auth %s/bin")
      :format(dir, dir, dir))
  end)
  after_each(function()
    process.remove(dir)
  end)

  -- Installs the module for one Lua.
  local function install(name)
    local version = name == "luajit" and "5.1" or name:match "[%d.]+"
    process.capture(([[cd %s && mkdir -p share/lua/%s lib/lua/%s/equinix &&
      ln -s %s/lua/equinix share/lua/%s/equinix &&
      ln -s %s/build/%s/equinix/core.so lib/lua/%s/equinix]]):format(dir,
      version, version, here, version, here, name, version))
  end

  -- Puts a Lua on the PATH, under a name.
  local function offer(name, as)
    process.capture(("ln -s %s %s/path/%s"):format(command_of(name), dir, as))
  end

  -- Runs it without variables of Lua, and on no other PATH.
  local function run(words)
    return process.capture(("cd / && env -i PATH=%s/path %s/bin/equinix-auth "
      .. "%s 2>&1"):format(dir, dir, words or "--version"))
  end

  local function assert_runs_on(version)
    local said, code = run()
    assert.equal(0, code, said)
    assert.equal(version, said:match "^equinix%-auth [^\n]+\n([^\n]+)")
  end

  local function two_luas(test)
    return function()
      if not command_of "lua5.4" or not command_of "lua5.1" then
        return pending "Lua 5.4 or 5.1 is not installed"
      end
      test()
    end
  end

  it("runs on the best Lua that has the module, in whatever order they were "
    .. "installed", two_luas(function()
    for _, order in ipairs { { "lua5.4", "lua5.1" }, { "lua5.1", "lua5.4" } }
    do
      process.capture(("rm -rf %s/share %s/lib %s/path/*"):format(dir, dir,
        dir))
      for _, name in ipairs(order) do
        install(name)
        offer(name, name)
      end
      assert_runs_on "Lua 5.4"
    end
  end))

  it("runs on the Lua that has it, although there is a better one",
    two_luas(function()
      install "lua5.1"
      offer("lua5.4", "lua5.4")
      offer("lua5.1", "lua5.1")
      assert_runs_on "Lua 5.1"
    end))

  -- The same under strace -> what it ran, in order.
  local function programs(variable, words)
    local said, code = process.capture(("cd / && strace -f -o %s/trace -e "
      .. "trace=execve env -i PATH=%s/path %s %s/bin/equinix-auth %s 2>&1")
      :format(dir, dir, variable or "", dir, words or "--version"))
    assert.equal(0, code, said)
    local ran = {}
    for line in io.lines(dir .. "/trace") do
      local path = line:match 'execve%("([^"]+)".*= 0$'
      ran[#ran + 1] = path and not path:find "env$" and path or nil
    end
    return table.concat(ran, " "), said
  end

  it("asks no Lua where files show which it is", two_luas(function()
    if select(2, process.capture "strace -f -o /dev/null true") ~= 0 then
      return pending "strace can't trace here"
    end
    install "lua5.4"
    install "lua5.1"
    process.capture(("cp %s %s/path/lua5.4 && cp %s %s/path/lua5.1"):format(
      command_of "lua5.4", dir, command_of "lua5.1", dir))
    local ran = programs()
    assert.equal(("%s/bin/equinix-auth %s/path/lua5.4"):format(dir, dir), ran)
  end))

  it("asks none where the core is in a folder as Debian has it",
    two_luas(function()
      if select(2, process.capture "strace -f -o /dev/null true") ~= 0 then
        return pending "strace can't trace here"
      end
      install "lua5.4"
      process.capture(("cd %s && mkdir lib/any-linux-gnu && "
        .. "mv lib/lua lib/any-linux-gnu && cp %s path/lua5.4"):format(dir,
        command_of "lua5.4"))
      local ran = programs(("'LUA_CPATH=%s/lib/any-linux-gnu/lua/5.4/?.so;;'")
        :format(dir))
      assert.equal(("%s/bin/equinix-auth %s/path/lua5.4"):format(dir, dir),
        ran)
    end))

  it("runs `serve` on LuaJIT where that has all, YAML too", function()
    if select(2, process.capture "strace -f -o /dev/null true") ~= 0 then
      return pending "strace can't trace here"
    elseif not command_of "lua5.4" or not command_of "luajit" then
      return pending "Lua 5.4 or LuaJIT is not installed"
    end
    local has_yaml = select(2, process.capture("luajit -e 'require \"yaml\"' "
      .. "2>&1")) == 0
    for _, lua in ipairs { "lua5.4", "luajit" } do
      install(lua)
      process.capture(("cp %s %s/path/%s"):format(command_of(lua), dir, lua))
    end
    local path = dir .. "/bin/equinix-auth " .. dir .. "/path/"
    assert.equal(path .. (has_yaml and "luajit" or "lua5.4"),
      (programs(nil, "serve --help")))
    assert.equal(path .. "lua5.4", (programs(nil, "token --help")))
    -- Paths of another Lua, as `luarocks path` sets them.
    assert.equal(path .. "lua5.4", (programs("'LUA_CPATH=/nowhere/?.so;;'",
      "serve --help")))
    process.capture(("rm %s/lib/lua/5.1/equinix/core.so"):format(dir))
    assert.equal(path .. "lua5.4", (programs(nil, "serve --help")))
  end)

  it("has all asked by a Lua that is not what its name says",
    two_luas(function()
      install "lua5.4"
      install "lua5.1"
      process.capture(("cp %s %s/path/lua5.4 && cp %s %s/path/lua && "
        .. "ln -s $(command -v sh) %s/path/sh"):format(command_of "lua5.1",
        dir, command_of "lua5.4", dir, dir))
      assert_runs_on "Lua 5.4"
      local said, code = run "token --nope 'a  b' \"it's\""
      assert.equal(2, code, said)
      assert.matches("unknown option '%-%-nope'", said)
    end))

  it("asks a script that has the name of a Lua, which may find none",
    two_luas(function()
      install "lua5.4"
      install "lua5.1"
      offer("lua5.1", "lua5.1")
      process.capture(("cd %s/path && printf '#!/bin/sh\\nexit 126\\n' >lua5.4"
        .. " && chmod +x lua5.4"):format(dir))
      assert_runs_on "Lua 5.1"
      process.capture(("printf '#!/bin/sh\\nexec %s \"$@\"\\n' "
        .. ">%s/path/lua5.4"):format(command_of "lua5.4", dir))
      assert_runs_on "Lua 5.4"
    end))

  it("judges a Lua by its version, not by its name", two_luas(function()
    install "lua5.1"
    install "lua5.4"
    offer("lua5.1", "lua5.4")
    offer("lua5.4", "lua")
    assert_runs_on "Lua 5.4"
  end))

  it("finds the modules beside it by a relative path too", two_luas(function()
    install "lua5.4"
    offer("lua5.4", "lua5.4")
    local said, code = process.capture(("cd %s/bin && env -i PATH=%s/path "
      .. "./equinix-auth --version 2>&1"):format(dir, dir))
    assert.equal(0, code, said)
    process.capture(("mkdir -p %s/elsewhere/bin"):format(dir))
    said, code = process.capture(("cd %s && env -i PATH=%s/path "
      .. "CDPATH=%s/elsewhere bin/equinix-auth emulator --set x=1 2>&1")
      :format(dir, dir, dir))
    assert.equal(2, code, said)
    assert.matches("unknown knob 'x'", said)
  end))

  it("says what to install where no Lua has it", two_luas(function()
    offer("lua5.4", "lua5.4")
    local said, code = run()
    assert.equal(1, code)
    assert.matches("^equinix%-auth: no Lua on this machine finds the module",
      said)
  end))
end)
