/*
 * For analyzers only (-include): what Lua's headers do not declare. These
 * functions raise and never return.
 */
#include <lauxlib.h>
#include <lua.h>

__attribute__((noreturn)) int lua_error(lua_State *L);
__attribute__((noreturn)) int luaL_error(lua_State *L, const char *fmt, ...);
__attribute__((noreturn)) int luaL_argerror(lua_State *L, int arg,
                                            const char *extramsg);
