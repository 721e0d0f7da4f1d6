/*
 * bind: functions that return the header of a slot, with the slot at hand.
 *
 * Laws of this file:
 *  - A hit takes no lock, allocates nothing and checks no class.
 *  - Each call of Lua's API costs a good part of all that a hit costs. So the
 *    first functions that a process binds are C functions of their own, each
 *    with its binding at an address that its code has; the later ones ask Lua
 *    for their slot. What they return is the same.
 *  - A binding is never given to another function: one that is about to be
 *    collected may still be called by a finalizer, and must not find the slot
 *    of another caller there.
 */
#ifndef EQ_CACHE_BIND_H
#define EQ_CACHE_BIND_H

#include "cache/slot.h"

/* Pushes the header in the box, or nil and why there is none; the results. */
int eq_push_header(lua_State *L, struct eq_slot *slot, int box);

/* slot:bind */
int eq_bind(lua_State *L);

#endif
