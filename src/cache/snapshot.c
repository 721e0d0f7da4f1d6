/* view: see snapshot.h for the laws. */
#include "cache/snapshot.h"

#define VIEW_CLASS "equinix.view"
#define SPARE "equinix.view.spare"

static int close_view(lua_State *L)
{
  eq_view_wipe(lua_touserdata(L, 1));
  return 0;
}

static struct eq_view *new_view(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", close_view}, {NULL, NULL}};
  eq_newclass(L, VIEW_CLASS, none, meta);
  struct eq_view *view = eq_newobject(L, sizeof *view, VIEW_CLASS);
  eq_view_init(view);
  return view;
}

struct eq_view *eq_view_take(lua_State *L)
{
  lua_getfield(L, LUA_REGISTRYINDEX, SPARE);
  struct eq_view *view = lua_touserdata(L, -1);
  if (view == NULL) {
    lua_pop(L, 1);
    return new_view(L);
  }
  /* false, not nil: the field stays, and to give needs no memory */
  lua_pushboolean(L, 0);
  lua_setfield(L, LUA_REGISTRYINDEX, SPARE);
  return view;
}

void eq_view_give(lua_State *L, int idx)
{
  eq_view_wipe(lua_touserdata(L, idx));
  lua_pushvalue(L, idx);
  lua_setfield(L, LUA_REGISTRYINDEX, SPARE);
}
