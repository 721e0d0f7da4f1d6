/* compat: the few functions behind compat.h, the same on every Lua. */
#include "base/compat.h"

#include <string.h>

static void set_functions(lua_State *L, const luaL_Reg *functions)
{
  for (; functions != NULL && functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

void eq_newlib(lua_State *L, const luaL_Reg *functions)
{
  lua_newtable(L);
  set_functions(L, functions);
}

void eq_newclass(lua_State *L, const char *tname, const luaL_Reg *methods,
                 const luaL_Reg *metamethods)
{
  luaL_newmetatable(L, tname); /* [class] */
  set_functions(L, metamethods);
  eq_newlib(L, methods);          /* [class, methods] */
  lua_setfield(L, -2, "__index"); /* [class] */
  lua_pushstring(L, tname);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void *eq_newobject(lua_State *L, size_t size, const char *tname)
{
#if LUA_VERSION_NUM >= 504
  void *object = lua_newuserdatauv(L, size, 1);
#else
  void *object = lua_newuserdata(L, size);
#endif
  /* Before the metatable: a __gc may run as soon as that is set. */
  memset(object, 0, size);
  luaL_getmetatable(L, tname);
  lua_setmetatable(L, -2);
#if LUA_VERSION_NUM < 503
  /* Born with the environment of whoever made it. */
  lua_pushnil(L);
  eq_setvalue(L, -2);
#endif
  return object;
}

void *eq_object_at(lua_State *L, int idx, size_t size, const void *magic)
{
  /* The size first: a foreign userdata may be too small to have a magic. */
  if (lua_rawlen(L, idx) != size) {
    return NULL;
  }
  void *object = lua_touserdata(L, idx);
  return object != NULL && *(const void **)object == magic ? object : NULL;
}

/*
 * Before 5.3 a user value must be a table (5.1 calls it the environment), so
 * there the value is kept in one: {value}.
 */
#if LUA_VERSION_NUM == 501
#define lua_getuservalue lua_getfenv
#define lua_setuservalue lua_setfenv
#endif

void eq_getvalue(lua_State *L, int idx)
{
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, idx, 1);
#elif LUA_VERSION_NUM == 503
  lua_getuservalue(L, idx);
#else
  lua_getuservalue(L, idx); /* [.., {value}] */
  lua_rawgeti(L, -1, 1);    /* [.., {value}, value] */
  lua_remove(L, -2);        /* [.., value] */
#endif
}

void eq_setvalue(lua_State *L, int idx)
{
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, idx, 1);
#elif LUA_VERSION_NUM == 503
  lua_setuservalue(L, idx);
#else
  if (idx < 0 && idx > LUA_REGISTRYINDEX) {
    idx = lua_gettop(L) + idx + 1; /* the stack is about to move */
  }
  lua_createtable(L, 1, 0); /* [.., value, {}] */
  lua_insert(L, -2);        /* [.., {}, value] */
  lua_rawseti(L, -2, 1);    /* [.., {value}] */
  lua_setuservalue(L, idx);
#endif
}
