/*
 * text: text and numbers, whatever locale the host has set.
 *
 * Law of this file: what goes over the wire does not depend on that locale.
 * The locale of a thread is changed for the time of one call only, and is
 * always put back; that of the process and of other threads is never touched.
 */
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#include "base/compat.h"
#include "core.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale; /* constant after the once; 0: there is none */

static void make_c_locale(void)
{
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/*
 * core.in_c_locale(f, ...) -> true, results | false, message
 * pcall under the locale "C", for this thread and this call only.
 */
static int l_in_c_locale(lua_State *L)
{
  luaL_checkany(L, 1);
  (void)pthread_once(&once, make_c_locale);
  if (c_locale == (locale_t)0) {
    return luaL_error(L, "not enough memory for a locale");
  }
  locale_t before = uselocale(c_locale);
  int failed = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  (void)uselocale(before);
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

/* ---------------------------------------------------------------- numbers */

enum { MAX_DEPTH = 1000 }; /* tables in tables */

static const lua_Number exact = 9007199254740992.0; /* 2^53 */

/* Whether the number on top is finite. Where Lua has integers, a float that
 * is a whole number below 2^53 is replaced by one; `replaced` says so. */
static bool check_number(lua_State *L, bool *replaced)
{
  *replaced = false;
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, -1)) {
    return true;
  }
#endif
  lua_Number number = lua_tonumber(L, -1);
#if LUA_VERSION_NUM >= 503
  if (number > -exact && number < exact) {
    lua_Integer whole = (lua_Integer)number;
    if ((lua_Number)whole == number) {
      lua_pop(L, 1);
      lua_pushinteger(L, whole);
      *replaced = true;
    }
    return true;
  }
#else
  (void)exact;
#endif
  return isfinite(number);
}

/* The same for all numbers in the table on top, and in tables in it. */
static bool check_table(lua_State *L, int depth)
{
  if (depth > MAX_DEPTH) {
    return luaL_error(L, "tables are nested too deep") != 0;
  }
  luaL_checkstack(L, 5, "tables are nested too deep");
  bool finite = true;
  lua_pushnil(L);                /* [table, nil] */
  while (lua_next(L, -2) != 0) { /* [table, key, value] */
    bool replaced = false;
    int type = lua_type(L, -1);
    if (type == LUA_TNUMBER) {
      finite = check_number(L, &replaced) && finite;
    } else if (type == LUA_TTABLE) {
      finite = check_table(L, depth + 1) && finite;
    }
    if (replaced) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2); /* [table, key, key, value] */
      lua_rawset(L, -4);
    } else {
      lua_pop(L, 1);
    }
  }
  return finite;
}

/*
 * core.whole_numbers(value) -> value, finite
 * In a number, or in all tables of a value: whole floats below 2^53 become
 * integers where Lua has those. `finite` is false when an infinity or a NaN
 * was found. No metamethod runs. Raises for tables nested more than 1000 deep.
 */
static int l_whole_numbers(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  bool finite = true;
  bool replaced;
  if (lua_type(L, 1) == LUA_TNUMBER) {
    finite = check_number(L, &replaced);
  } else if (lua_type(L, 1) == LUA_TTABLE) {
    finite = check_table(L, 1);
  }
  lua_settop(L, 1);
  lua_pushboolean(L, finite);
  return 2;
}

int eq_open_text(lua_State *L)
{
  static const luaL_Reg functions[] = {{"decimal_point", l_decimal_point},
                                       {"in_c_locale", l_in_c_locale},
                                       {"lower", l_lower},
                                       {"whole_numbers", l_whole_numbers},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
