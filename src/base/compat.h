/*
 * compat: one spelling of the Lua C API for Lua 5.1 to 5.5 and LuaJIT.
 *
 * Law of this file: newer Lua sets the names; what an older Lua lacks is
 * supplied here and nowhere else. No #if on LUA_VERSION_NUM outside, but for
 * lua_callk (see EQ_HAS_CALLK), which an older Lua can't be given.
 */
#ifndef EQ_BASE_COMPAT_H
#define EQ_BASE_COMPAT_H

#if defined(__has_include)
#if !__has_include(<lua.h>)
#error "lua.h is missing: install liblua5.4-dev (apt) or lua-devel (dnf)"
#endif
#if !__has_include(<curl/curl.h>)
#error "curl/curl.h is missing: install libcurl4-openssl-dev (apt), \
libcurl-devel (dnf) or curl (brew)"
#endif
#if !__has_include(<openssl/evp.h>)
#error "openssl/evp.h is missing: install libssl-dev (apt), openssl-devel \
(dnf) or openssl@3 (brew)"
#endif
#endif

#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

/* The version of the core; lua/equinix/init.lua refuses another one. */
#define EQ_VERSION "0.1.0"

/* 1 where a C function may call Lua code that yields. */
#define EQ_HAS_CALLK (LUA_VERSION_NUM >= 503)

#if LUA_VERSION_NUM == 501
#define lua_rawlen lua_objlen
#define luaL_checkversion(L) ((void)(L)) /* it can't tell */
#endif

/*
 * A table with these functions on the stack. Each of our C modules is made
 * by it; the registry of names is the array itself.
 */
void eq_newlib(lua_State *L, const luaL_Reg *functions);

/*
 * A metatable named tname: methods in __index, metamethods beside it,
 * __metatable hidden so that Lua code can't take it apart.
 * Leaves nothing on the stack.
 */
void eq_newclass(lua_State *L, const char *tname, const luaL_Reg *methods,
                 const luaL_Reg *metamethods);

/*
 * A userdata of the class tname, all zero bits, with a user value of nil.
 * Zero must mean "closed" to the class: an error before the object is ready
 * runs its __gc on it as it is.
 */
void *eq_newobject(lua_State *L, size_t size, const char *tname);

/*
 * The object at idx if it is one of that size whose first member is `magic`,
 * a pointer that only its class has; else NULL. For hot paths: to compare
 * metatables, as luaL_checkudata does, takes a multiple of the time.
 */
void *eq_object_at(lua_State *L, int idx, size_t size, const void *magic);

/*
 * The one Lua value that an object carries along: get pushes it, set pops
 * one. idx is the object's place on the stack.
 */
void eq_getvalue(lua_State *L, int idx);
void eq_setvalue(lua_State *L, int idx);

/* Keeps the module loaded for good. */
void eq_pin(void);

/* What core.c composes: each pushes one value. */
int eq_open_clock(lua_State *L);
int eq_open_crowd(lua_State *L);
int eq_open_digest(lua_State *L);
int eq_open_drain(lua_State *L);
int eq_open_ending(lua_State *L);
int eq_open_exec(lua_State *L);
int eq_open_folder(lua_State *L);
int eq_open_http(lua_State *L);
int eq_open_input(lua_State *L);
int eq_open_output(lua_State *L);
int eq_open_process(lua_State *L);
int eq_open_seal(lua_State *L);
int eq_open_tokens(lua_State *L);
int eq_open_url(lua_State *L);
int eq_open_versions(lua_State *L);

#endif
