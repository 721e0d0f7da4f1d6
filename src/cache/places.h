/*
 * places: how many tokens the cache has places for, as the process says.
 *
 * Law of this file: the first Lua state that loads the module decides, for
 * this process and all that it forks. A number that can't be used is reported
 * to every caller that asks, and never replaced in silence.
 */
#ifndef EQ_CACHE_PLACES_H
#define EQ_CACHE_PLACES_H

#include "base/compat.h"

/* Reads EQUINIX_CACHE_PLACES, where the table is not made yet. */
void eq_places_read(lua_State *L);

/* What is wrong with it; NULL: nothing. */
const char *eq_places_mistake(void);

#endif
