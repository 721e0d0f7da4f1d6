-- A machine where OpenResty is all there is of Lua and nginx.
local nginx = require "spec.support.nginx"
local openresty = require "spec.support.openresty"
local process = require "spec.support.process"

local missing = openresty.missing()
if missing then
  pending("OpenResty: " .. missing)
  return
end

describe("with OpenResty only", function()
  local o

  setup(function()
    o = openresty.find()
  end)
  teardown(function()
    o:remove()
  end)

  it("its folder is found by the variable, and by the PATH", function()
    assert.equal(o.prefix, (o:run "tools/openresty.sh"))
    assert.equal(o.prefix, (o:run("tools/openresty.sh", o:path())))
    local said, code = o:run("tools/openresty.sh",
      "OPENRESTY_PREFIX=/not/there")
    assert.equal("", said)
    assert.is_true(code ~= 0)
  end)

  it("its LuaJIT and headers are the ones to build for", function()
    local below = o.prefix .. "/luajit"
    assert.equal("-I" .. below .. "/include/luajit-2.1",
      (o:run "tools/lua.sh luajit cflags"))
    assert.equal(below .. "/bin/luajit", (o:run "tools/lua.sh luajit command"))
    assert.matches("-L" .. below .. "/lib ",
      (o:run "tools/lua.sh luajit libs"), 1, true)
    assert.equal(below .. "/bin/luajit",
      (o:run("tools/lua.sh luajit command", o:path())))
  end)

  it("make builds for it", function()
    local said, code = o:run(("make -n V=1 BUILD=%s/build "
      .. "%s/build/luajit/obj/base/clock.o"):format(o.dir, o.dir))
    assert.equal(0, code, said)
    assert.matches("-I" .. o.prefix .. "/luajit/include/luajit-2.1", said, 1,
      true)
  end)

  it("make demo finds that nothing is missing", function()
    local said, code = o:run "tools/deps.sh demo"
    assert.equal("", said)
    assert.equal(0, code)
  end)

  for _, how in ipairs { "the variable", "the PATH" } do
    it("the command runs on its LuaJIT, by " .. how, function()
      local said, code = o:run("bin/equinix-auth --version",
        how == "the PATH" and o:path() or nil)
      assert.equal(0, code, said)
      assert.matches("\nLuaJIT", said)
    end)
  end

  it("serve and emulator run in its nginx", function()
    local code = ([[
      package.path, package.cpath = %q, %q .. "/?.so;" .. package.cpath
      print(require("equinix.supervisor.nginx").find().binary)
    ]]):format(package.path, nginx.build)
    assert.equal(o.prefix .. "/nginx/sbin/nginx",
      (o:run(o.prefix .. "/luajit/bin/luajit -e " .. process.quote(code))))
  end)

  it("numbers keep their value with its lua-cjson", function()
    local lua = process.capture
      "env -u OPENRESTY_PREFIX tools/lua.sh luajit command"
    local said, code = process.capture(("LUA_CPATH=%s %s tools/busted.lua "
      .. "spec/base/json_spec.lua 2>&1"):format(
      process.quote(o.prefix .. "/lualib/?.so;;"), lua))
    assert.equal(0, code, said)
  end)
end)
