/*
 * snapshot: the laws are in snapshot.h.
 */
#include "cache/snapshot.h"

#define SNAPSHOT_CLASS "equinix.snapshot"
#define SPARE "equinix.snapshot.spare"

static int wipe_snapshot(lua_State *L)
{
  eq_snapshot_wipe(lua_touserdata(L, 1));
  return 0;
}

static struct eq_snapshot *new_snapshot(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", wipe_snapshot}, {NULL, NULL}};
  eq_newclass(L, SNAPSHOT_CLASS, none, meta);
  struct eq_snapshot *snapshot =
      eq_newobject(L, sizeof *snapshot, SNAPSHOT_CLASS);
  eq_snapshot_init(snapshot);
  return snapshot;
}

struct eq_snapshot *eq_snapshot_take(lua_State *L)
{
  lua_getfield(L, LUA_REGISTRYINDEX, SPARE);
  struct eq_snapshot *snapshot = lua_touserdata(L, -1);
  if (snapshot == NULL) {
    lua_pop(L, 1);
    return new_snapshot(L);
  }
  /* false, not nil: the field stays, and giving back needs no memory */
  lua_pushboolean(L, 0);
  lua_setfield(L, LUA_REGISTRYINDEX, SPARE);
  return snapshot;
}

void eq_snapshot_give(lua_State *L, int idx)
{
  eq_snapshot_wipe(lua_touserdata(L, idx));
  lua_pushvalue(L, idx);
  lua_setfield(L, LUA_REGISTRYINDEX, SPARE);
}
