/*
 * snapshot: where copies of a place wait until Lua has them.
 *
 * Laws of this file:
 *  - A view belongs to a userdata: a Lua error in the middle of it all leaks
 *    nothing, and what was in it is wiped when the collector comes.
 *  - Whoever takes a view has it alone. To push a string may run the
 *    collector, the collector runs finalizers, and a finalizer may well ask
 *    the same slot; so there is one spare view for a Lua state, and another
 *    is made for whoever comes while it is in use.
 */
#ifndef EQ_CACHE_SNAPSHOT_H
#define EQ_CACHE_SNAPSHOT_H

#include "base/compat.h"
#include "cache/entry.h"

/* Pushes a view, all of it empty. May raise: take it before the lock. */
struct eq_view *eq_view_take(lua_State *L);

/* Wipes the view at idx and keeps it as the spare one. */
void eq_view_give(lua_State *L, int idx);

#endif
