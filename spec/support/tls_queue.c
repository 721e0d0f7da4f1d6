/*
 * tls_queue: the errors that OpenSSL keeps for this thread, for specs.
 *
 *   queue.push()   adds an error, as the host might do
 *   queue.take()   -> how many there are; empties the queue
 */
#include <lauxlib.h>
#include <lua.h>
#include <openssl/err.h>

static int l_push(lua_State *L)
{
  (void)L;
  ERR_put_error(ERR_LIB_USER, 0, ERR_R_INTERNAL_ERROR, __FILE__, __LINE__);
  return 0;
}

static int l_take(lua_State *L)
{
  lua_Integer n = 0;
  while (ERR_get_error() != 0) {
    n++;
  }
  lua_pushinteger(L, n);
  return 1;
}

int luaopen_tls_queue(lua_State *L);

int luaopen_tls_queue(lua_State *L)
{
  lua_newtable(L);
  lua_pushcfunction(L, l_push);
  lua_setfield(L, -2, "push");
  lua_pushcfunction(L, l_take);
  lua_setfield(L, -2, "take");
  return 1;
}
