/*
 * compat: one spelling of the Lua C API for Lua 5.1 to 5.5 and LuaJIT.
 *
 * Law of this file: newer Lua sets the names; what an older Lua lacks is
 * supplied here and in object.c (user values), and nowhere else. One thing
 * can't be supplied, lua_callk: see EQ_HAS_CALLK.
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
#if !__has_include(<zlib.h>)
#error "zlib.h is missing: install zlib1g-dev (apt) or zlib-devel (dnf)"
#endif
#endif

#include <lauxlib.h>
#include <lua.h>

/* 1 where a C function may call Lua code that yields. */
#define EQ_HAS_CALLK (LUA_VERSION_NUM >= 503)

#if LUA_VERSION_NUM == 501
#define lua_rawlen lua_objlen
#define luaL_checkversion(L) ((void)(L)) /* it can't tell */
#endif

/* Sets the functions of a list in the table on top; NULL is an empty list. */
void eq_setfuncs(lua_State *L, const luaL_Reg *functions);

/* Pushes a new table with these functions. */
void eq_newlib(lua_State *L, const luaL_Reg *functions);

#endif
