/*
 * memory: Lua's own error for want of memory.
 *
 * Law of this file: what C code finds, Lua sees as its own error, the string
 * "not enough memory" without a position; and it is known by these words,
 * since Lua's libraries put their own around them ("error loading module ...:
 * not enough memory"). The same in Lua: base/memory.lua.
 */
#ifndef EQ_BASE_MEMORY_H
#define EQ_BASE_MEMORY_H

#include <stdbool.h>

#include "base/compat.h"

/* Raises it; does not return. The result is for `return`. */
int eq_no_memory(lua_State *L);

/* Raises it where libcrypto had none, else the message. */
int eq_libcrypto_failed(lua_State *L, const char *message);

/* Whether the error at the stack index is one. Takes no memory. */
bool eq_is_no_memory(lua_State *L, int idx);

#endif
