/*
 * core: the version of the module, and what core.c composes.
 *
 * Law of this file: it names what the rooms offer to core.c and nothing else.
 * The file that defines a function includes this one, so that the compiler
 * compares the two.
 */
#ifndef EQ_CORE_H
#define EQ_CORE_H

#include <lua.h>

/* The version of the core; lua/equinix/init.lua refuses another one. */
#define EQ_VERSION "0.1.0"

/* Each pushes one value: a table of functions. */
int eq_open_engine(lua_State *L);
int eq_open_child(lua_State *L);
int eq_open_clock(lua_State *L);
int eq_open_date(lua_State *L);
int eq_open_digest(lua_State *L);
int eq_open_exact_text(lua_State *L);
int eq_open_exec(lua_State *L);
int eq_open_file_mode(lua_State *L);
int eq_open_fork(lua_State *L);
int eq_open_handle(lua_State *L);
int eq_open_identity_files(lua_State *L);
int eq_open_libcurl(lua_State *L);
int eq_open_log_copy(lua_State *L);
int eq_open_private_new(lua_State *L);
int eq_open_read_file(lua_State *L);
int eq_open_record_dir(lua_State *L);
int eq_open_seal(lua_State *L);
int eq_open_signals(lua_State *L);
int eq_open_stdio(lua_State *L);
int eq_open_surely_valid(lua_State *L);
int eq_open_termination(lua_State *L);
int eq_open_text(lua_State *L);
int eq_open_tokens(lua_State *L);
int eq_open_tree(lua_State *L);
int eq_open_url(lua_State *L);
int eq_open_whole_numbers(lua_State *L);

#endif
