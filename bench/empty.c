/*
 * empty: a C function that does nothing, for bench/hit.lua.
 *
 *   local object = require "empty"
 *   object:method()
 */
#include "base/compat.h"

static int method(lua_State *L)
{
  (void)L;
  return 0;
}

__attribute__((visibility("default"))) int luaopen_empty(lua_State *L);

int luaopen_empty(lua_State *L)
{
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, method);
  lua_setfield(L, -2, "method");
  return 1;
}
