/*
 * torture_memory: allocations that fail, by Lua's allocator or by the C
 * library's, for torture.c.
 *
 * Laws of this file:
 * - Lua 5.2 and newer ask once more after a full collection; that fails, too;
 * - spared are lua-cjson's own allocations, since it ends the process where
 *   they fail, and those of the system's loader;
 * - blocks of the module, and of libcurl, which allocates by it, are counted.
 */
#ifndef TORTURE_MEMORY_H
#define TORTURE_MEMORY_H

#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

struct torture_faults {
  bool lua;            /* Lua's allocations; else those of the C library */
  const char *library; /* only those that this one asks for; NULL: any */
  bool once;           /* one of them; else all from there on */
  bool hosted; /* none of those that nginx asks for, or what it has loaded */
  bool trace;  /* shows where the first one was */
};

/* The state allocates by what fails, when armed. */
void torture_take_over(lua_State *L);

/* After the modules are loaded: where the libraries are. The name is that of
 * struct torture_faults. */
void torture_find_libraries(const char *library);

/* From now on the n-th allocation fails; 0: none. */
void torture_arm(lua_State *L, const struct torture_faults *faults, long n);

/* None fails any more. Whether one did. */
bool torture_disarm(void);

/* Blocks that the module and libcurl have. */
long torture_blocks(void);

/* Whether that library asked for one of the C library's that failed, the first
 * or the second, itself or by what it called. */
bool torture_was_in(const char *library);

/* Whether one of the frames is in a library that is not ours. */
bool torture_is_outside(void *const *places, int n);

#endif
