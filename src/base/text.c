/*
 * text: text and numbers, whatever locale the host has set.
 *
 * Law of this file: what goes over the wire does not depend on that locale.
 * The locale of a thread is changed for the time of one call only, and is
 * always put back; that of the process and of other threads is never touched.
 */
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#include "base/memory.h"
#include "core.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale; /* constant after the once; 0: there is none */

static void make_c_locale(void)
{
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/*
 * core.in_c_locale(f, ...) -> true, results | false, message
 * pcall under the locale "C", for this thread and this call only. Raises
 * where memory runs out: that says nothing about what f was called with.
 */
static int l_in_c_locale(lua_State *L)
{
  luaL_checkany(L, 1);
  (void)pthread_once(&once, make_c_locale);
  if (c_locale == (locale_t)0) {
    return eq_no_memory(L);
  }
  locale_t before = uselocale(c_locale);
  int failed = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  (void)uselocale(before);
  if (failed != 0 && eq_is_no_memory(L, -1)) {
    return lua_error(L);
  }
  lua_pushboolean(L, failed == 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

/*
 * core.decimal_point() -> string
 * The decimal point of the locale that this thread has now; it may have
 * several bytes.
 */
static int l_decimal_point(lua_State *L)
{
  char text[32]; /* localeconv is for one thread only */
  int n = snprintf(text, sizeof text, "%.1f", 1.5);
  if (n < 3 || (size_t)n >= sizeof text) {
    return luaL_error(L, "the locale has no decimal point");
  }
  lua_pushlstring(L, text + 1, (size_t)n - 2);
  return 1;
}

static bool is_upper(char c)
{
  return c >= 'A' && c <= 'Z';
}

/*
 * core.lower(text) -> string
 * A to Z in lower case; all other bytes as they are.
 */
static int l_lower(lua_State *L)
{
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  size_t i = 0;
  while (i < n && !is_upper(text[i])) {
    i++;
  }
  lua_settop(L, 1);
  if (i == n) {
    return 1;
  }
  luaL_Buffer lower;
  luaL_buffinit(L, &lower);
  luaL_addlstring(&lower, text, i);
  for (; i < n; i++) {
    luaL_addchar(&lower, (char)(text[i] + (is_upper(text[i]) ? 32 : 0)));
  }
  luaL_pushresult(&lower);
  return 1;
}

int eq_open_text(lua_State *L)
{
  static const luaL_Reg functions[] = {{"decimal_point", l_decimal_point},
                                       {"in_c_locale", l_in_c_locale},
                                       {"lower", l_lower},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
