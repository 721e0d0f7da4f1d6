-- core: the C module as a whole, its versions, and that it stays loaded.
local core = require "equinix.core"
local equinix = require "equinix"
local process = require "spec.support.process"

local me = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

describe("the core", function()
  it("has these parts", function()
    local names = {}
    for name, part in pairs(core) do
      names[#names + 1] = name .. ": " .. type(part)
    end
    table.sort(names)
    for _, name in ipairs { "_VERSION: string", "http: function",
      "now: function", "random: function", "sleep: function",
      "tokens: table", "url: function", "url_join: function",
      "escape: function", "headers: function", "sha256: function",
      "versions: function", "exec: function" } do
      assert.is_truthy((" " .. table.concat(names, "  ") .. " "):find(
        " " .. name .. " ", 1, true), name)
    end
  end)

  it("has a version", function()
    assert.is_truthy(core._VERSION:find "^%d+%.%d+%.%d+$")
  end)

  it("sets no global", function()
    local before = {}
    for name in pairs(_G) do
      before[name] = true
    end
    package.loaded["equinix.core"] = nil
    local again = require "equinix.core"
    package.loaded["equinix.core"] = core
    assert.are.equal(core._VERSION, again._VERSION)
    for name in pairs(_G) do
      assert.is_true(before[name], name)
    end
  end)

  it("can be loaded twice into one state", function()
    package.loaded["equinix.core"] = nil
    local again = require "equinix.core"
    package.loaded["equinix.core"] = core
    local old, new = core.http(), again.http()
    assert.are.equal(getmetatable(old), getmetatable(new))
    old.close(new)
    new.close(old)
    assert.are.equal("equinix.http (closed)", tostring(old))
  end)

  -- Lua 5.1 can't tell for which Lua a module was made.
  local luas = { "lua5.3", "lua5.4", "lua5.5" }
  for _, other in ipairs(me:find "^lua5.[345]" and luas or {}) do
    if other ~= me then
      it("is not opened by " .. other, function()
        local command, missing = process.capture("tools/lua.sh " .. other
          .. " command")
        if missing ~= 0 then
          pending(other .. " is not here")
          return
        end
        local said = process.capture(("LUA_CPATH=%s %s -e %s 2>&1"):format(
          process.quote(package.cpath), command, process.quote [[
            local ok, reason = pcall(require, "equinix.core")
            print(ok, reason)]]))
        assert.matches("^false", said)
      end)
    end
  end
end)

describe("the versions", function()
  it("name the libraries that are in use", function()
    local versions = core.versions()
    assert.matches("^libcurl/%d+%.%d+", versions.libcurl)
    assert.matches("SSL", versions.libcrypto)
  end)

  it("name the flavour of libcurl that the tests run on",
    function()
      local flavour = os.getenv "LIBCURL" or "libcurl"
      assert.matches(flavour, core.versions().libcurl)
    end)

  it("are in equinix.versions, with ours", function()
    local versions = equinix.versions()
    assert.equal(equinix._VERSION, versions.equinix)
    assert.equal(core.versions().libcurl, versions.libcurl)
    assert.equal(rawget(_G, "jit") and jit.version or _VERSION, versions.lua)
  end)
end)

-- Never a sanitizer's build: that can be loaded into its own program only.
local build = "build/" .. me

-- Loads the module into a Lua state, closes the state, and checks whether the
-- module is still loaded.
local PROGRAM = [[
#include <dlfcn.h>
#include <lauxlib.h>
#include <lualib.h>
int main(int argc, char **argv)
{
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loadlib");
  lua_pushstring(L, argv[argc - 1]);
  lua_pushstring(L, "luaopen_equinix_core");
  if (lua_pcall(L, 2, 1, 0) != 0 || lua_pcall(L, 0, 1, 0) != 0) {
    return 2;
  }
  lua_close(L);
  return dlopen(argv[argc - 1], RTLD_LAZY | RTLD_NOLOAD) != NULL ? 0 : 1;
}
]]

describe("the module", function()
  it("stays loaded, also without the option of the linker", function()
    local dir = process.tempdir()
    local flags = process.capture("tools/lua.sh " .. me .. " cflags")
    local libs = process.capture("tools/lua.sh " .. me .. " libs")
    local file = assert(io.open(dir .. "/try.c", "w"))
    file:write(PROGRAM)
    file:close()
    local cc = os.getenv "CC" or "cc"
    local said, code = process.capture(table.concat({
      cc, "-shared -o", dir .. "/core.so", build .. "/obj/*.o",
      build .. "/obj/*/*.o",
      os.getenv "LDFLAGS" or "", "-lcurl -lcrypto -lz &&",
      cc, flags, "-rdynamic -o", dir .. "/try", dir .. "/try.c", libs,
      "-lm -ldl &&", dir .. "/try", dir .. "/core.so",
    }, " ") .. " 2>&1")
    process.remove(dir)
    assert.equal(0, code, said)
  end)
end)
