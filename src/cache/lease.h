/*
 * lease: the methods of a slot that renew a token: which caller leads, which
 * wait, how it ended.
 *
 * Law of this file: as in tokens.c; and the system is asked whether a leader
 * is alive only after the lock was released.
 */
#ifndef EQ_CACHE_LEASE_H
#define EQ_CACHE_LEASE_H

#include "base/compat.h"

int eq_lease_acquire(lua_State *L);
int eq_lease_publish(lua_State *L);
int eq_lease_fail(lua_State *L);
int eq_lease_release(lua_State *L);
int eq_lease_note(lua_State *L);
int eq_lease_result(lua_State *L);
int eq_lease_wait(lua_State *L);

#endif
