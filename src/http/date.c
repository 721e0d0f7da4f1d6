/*
 * date: core.date, by libcurl's parser.
 *
 * Law of this file: it reads what libcurl reads, which is more than HTTP
 * allows; which of that counts is up to the caller.
 */
#include <string.h>

#include <curl/curl.h>

#include "base/compat.h"
#include "core.h"
#include "http/libcurl.h"

/*
 * core.date(text) -> seconds since 1970 | nil
 * A date and time in UTC unless the text names a zone; nil where libcurl
 * can't read it, and for a text with a NUL in it.
 */
static int l_date(lua_State *L)
{
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  eq_libcurl_require(L);
  time_t at = strlen(text) == n ? curl_getdate(text, NULL) : (time_t)-1;
  if (at == (time_t)-1) { /* libcurl returns 0 for that second itself */
    lua_pushnil(L);
  } else {
    lua_pushnumber(L, (lua_Number)at);
  }
  return 1;
}

int eq_open_date(lua_State *L)
{
  static const luaL_Reg functions[] = {{"date", l_date}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
