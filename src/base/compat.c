/*
 * compat: the functions of compat.h, the same on every Lua.
 */
#include "base/compat.h"

void eq_setfuncs(lua_State *L, const luaL_Reg *functions)
{
  for (; functions != NULL && functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

void eq_newlib(lua_State *L, const luaL_Reg *functions)
{
  lua_newtable(L);
  eq_setfuncs(L, functions);
}
