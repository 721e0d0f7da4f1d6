/*
 * memory: the law is in memory.h.
 */
#include "base/memory.h"

#include <string.h>

#include "base/libcrypto.h"

int eq_no_memory(lua_State *L)
{
  /* Every Lua keeps this string, so that no memory is needed for it. */
  lua_pushliteral(L, "not enough memory");
  return lua_error(L);
}

int eq_libcrypto_failed(lua_State *L, const char *message)
{
  return eq_libcrypto_had_no_memory() ? eq_no_memory(L)
                                      : luaL_error(L, "%s", message);
}

bool eq_is_no_memory(lua_State *L, int idx)
{
  return lua_type(L, idx) == LUA_TSTRING &&
         strstr(lua_tostring(L, idx), "not enough memory") != NULL;
}
