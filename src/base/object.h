/*
 * object: userdata with a class, as every room makes them.
 *
 * Laws of this file:
 * - Lua code can't see or change the metatable of an object;
 * - an object is all zero bits before it gets its class, and zero means
 *   "closed" to every class: an error before the object is ready runs its
 *   __gc on it as it is.
 */
#ifndef EQ_BASE_OBJECT_H
#define EQ_BASE_OBJECT_H

#include <stddef.h>

#include "base/compat.h"

/*
 * Makes a class: a metatable named tname, with methods in __index and
 * metamethods beside it. Either list may be NULL. Leaves nothing on the stack.
 */
void eq_newclass(lua_State *L, const char *tname, const luaL_Reg *methods,
                 const luaL_Reg *metamethods);

/* Pushes an object of the class tname: all zero bits, the user value nil. */
void *eq_newobject(lua_State *L, size_t size, const char *tname);

/*
 * The object at idx if it has that size and its first member is `magic`, a
 * pointer that only its class has; else NULL. For hot paths: luaL_checkudata
 * compares metatables, which takes several times as long.
 */
void *eq_object_at(lua_State *L, int idx, size_t size, const void *magic);

/*
 * The user value, one Lua value that an object carries: eq_getvalue pushes
 * it, eq_setvalue pops one. idx is the object's stack index.
 */
void eq_getvalue(lua_State *L, int idx);
void eq_setvalue(lua_State *L, int idx);

#endif
