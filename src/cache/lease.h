/*
 * lease: the methods of a slot that fetch a token: who leads, who waits,
 * how it ended.
 *
 * Law of this file: as in tokens.c; and whether a leader still lives is
 * asked of the system only after the lock was given back.
 */
#ifndef EQ_CACHE_LEASE_H
#define EQ_CACHE_LEASE_H

#include "base/compat.h"

int eq_lease_begin(lua_State *L);
int eq_lease_publish(lua_State *L);
int eq_lease_fail(lua_State *L);
int eq_lease_mark(lua_State *L);
int eq_lease_outcome(lua_State *L);
int eq_lease_wait(lua_State *L);

#endif
