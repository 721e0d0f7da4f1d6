/*
 * torture_worker: allocations that fail in a worker of nginx, for
 * torture_nginx.lua. It is preloaded, so that its malloc() is the one that all
 * use, and required as a module by the code in the worker.
 *
 *   worker.arm(what, mode, n)   from now on the n-th one fails: "lua", "c";
 *                               "once", "on"
 *   worker.disarm()             none fails any more. -> whether one did
 *   worker.blocks()             that our module and libcurl have
 *
 * Law of this file: those that nginx, ngx_lua and LuaJIT ask for themselves
 * don't fail, as what they do without memory is not ours.
 */
#include <string.h>

#include <lauxlib.h>

#include "torture_memory.h"

static int arm(lua_State *L)
{
  static bool taken;
  struct torture_faults faults = {
      .lua = strcmp(luaL_checkstring(L, 1), "lua") == 0,
      .once = strcmp(luaL_checkstring(L, 2), "once") == 0,
      .hosted = true,
  };
  long n = (long)luaL_checkinteger(L, 3);
  if (!taken) {
    torture_take_over(L);
    taken = true;
  }
  torture_find_libraries(NULL); /* the TLS library may have come since */
  torture_arm(L, &faults, n);
  return 0;
}

static int disarm(lua_State *L)
{
  bool failed = torture_disarm();
  lua_pushboolean(L, failed);
  return 1;
}

static int blocks(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)torture_blocks());
  return 1;
}

__attribute__((visibility("default"))) int luaopen_torture_worker(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"arm", arm}, {"disarm", disarm}, {"blocks", blocks}, {NULL, NULL}};
  lua_createtable(L, 0, 3);
  luaL_setfuncs(L, functions, 0);
  return 1;
}
