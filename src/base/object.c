/*
 * object: the laws are in object.h.
 */
#include "base/object.h"

#include <string.h>

void eq_newclass(lua_State *L, const char *tname, const luaL_Reg *methods,
                 const luaL_Reg *metamethods)
{
  luaL_newmetatable(L, tname); /* [class] */
  eq_setfuncs(L, metamethods);
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
  /* A new userdata has the environment of the running function. */
  lua_pushnil(L);
  eq_setvalue(L, -2);
#endif
  return object;
}

void *eq_object_at(lua_State *L, int idx, size_t size, const void *magic)
{
  /* The size first: another userdata may be too small to have a magic. */
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
    idx = lua_gettop(L) + idx + 1; /* the stack is about to change */
  }
  lua_createtable(L, 1, 0); /* [.., value, {}] */
  lua_insert(L, -2);        /* [.., {}, value] */
  lua_rawseti(L, -2, 1);    /* [.., {value}] */
  lua_setuservalue(L, idx);
#endif
}
