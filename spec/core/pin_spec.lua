-- pin: the module stays loaded when the state that loaded it is closed.
local process = require "spec.support.process"

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
-- Never a sanitizer's build: that could only be loaded into its own program.
local build = "build/" .. lua

-- Loads the module into a Lua state, closes the state, and looks whether the
-- module is still there.
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
  it("stays loaded, also when the linker was told nothing", function()
    local dir = process.tempdir()
    local flags = process.capture("tools/lua.sh " .. lua .. " cflags")
    local libs = process.capture("tools/lua.sh " .. lua .. " libs")
    local file = assert(io.open(dir .. "/try.c", "w"))
    file:write(PROGRAM)
    file:close()
    local cc = os.getenv "CC" or "cc"
    local said, code = process.capture(table.concat({
      cc, "-shared -o", dir .. "/core.so", build .. "/obj/*.o",
      build .. "/obj/*/*.o",
      os.getenv "LDFLAGS" or "", "-lcurl -lcrypto &&",
      cc, flags, "-rdynamic -o", dir .. "/try", dir .. "/try.c", libs,
      "-lm -ldl &&", dir .. "/try", dir .. "/core.so",
    }, " ") .. " 2>&1")
    process.remove(dir)
    assert.equal(0, code, said)
  end)
end)
