/*
 * stats: what is counted for an entry and for the whole table, and what comes
 * next for an entry.
 *
 * Law of this file: as in tokens.c.
 */
#ifndef EQ_CACHE_STATS_H
#define EQ_CACHE_STATS_H

#include "base/compat.h"

/* Methods of a slot. */
int eq_stats_rate_limit(lua_State *L);
int eq_stats_count(lua_State *L);
int eq_stats_counters(lua_State *L);
int eq_stats_outlook(lua_State *L);

/* tokens.info */
int eq_stats_info(lua_State *L);

#endif
