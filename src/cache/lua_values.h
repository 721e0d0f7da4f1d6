/*
 * lua_values: how seconds, numbers, states and secrets pass between Lua and
 * the cache.
 *
 * Law of this file: seconds are Lua numbers, math.huge is for ever, less than
 * 0 is 0, and NaN is refused. Leases, renewals and serials are integers; what
 * can't be one is 0, the number of none.
 */
#ifndef EQ_CACHE_LUA_VALUES_H
#define EQ_CACHE_LUA_VALUES_H

#include "base/clock.h"
#include "base/compat.h"
#include "cache/entry.h"

/* Seconds to nanoseconds; EQ_FOREVER from 292 years on. The error for NaN
 * names the argument `arg`. */
int64_t eq_to_ns(lua_State *L, int arg, lua_Number seconds);
int64_t eq_check_seconds(lua_State *L, int arg);
void eq_push_seconds(lua_State *L, int64_t ns);

uint64_t eq_check_id(lua_State *L, int arg);
void eq_push_id(lua_State *L, uint64_t id);

void eq_push_state(lua_State *L, enum eq_state state);

/* A string argument of at most `max` bytes; borrowed from the stack. */
struct eq_bytes eq_check_bytes(lua_State *L, int arg, size_t max);

void eq_push_secret(lua_State *L, const struct eq_secret *secret);
void eq_push_secret_or_nil(lua_State *L, const struct eq_secret *secret);

#endif
