/*
 * snapshot: holds copies of an entry until Lua has them.
 *
 * Laws of this file:
 *  - A snapshot belongs to a userdata: a Lua error leaks nothing, and the
 *    collector wipes what was in it.
 *  - A snapshot has one user at a time. Pushing a string may run the
 * collector, which runs finalizers, and a finalizer may use the same slot; so
 * a Lua state has one spare snapshot, and another is made while that is in
 * use.
 */
#ifndef EQ_CACHE_SNAPSHOT_H
#define EQ_CACHE_SNAPSHOT_H

#include "base/object.h"
#include "cache/entry.h"

/* Pushes an empty snapshot. May raise: to be called before the lock. */
struct eq_snapshot *eq_snapshot_take(lua_State *L);

/* Wipes the snapshot at idx and keeps it as the spare one. */
void eq_snapshot_give(lua_State *L, int idx);

#endif
