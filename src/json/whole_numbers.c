/*
 * whole_numbers: the numbers of a value that a JSON library has read.
 *
 * Law of this file: a whole float below 2^53 becomes an integer where Lua has
 * those, and what is not finite is found. The text says where numbers stand;
 * where it can't be followed, or there is none, all tables are looked at.
 */
#include <math.h>
#include <string.h>

#include "core.h"
#include "json/scan.h"

enum {
  MAX_DEPTH = 1000,    /* tables in tables */
  LONG_DIGITS = 19,    /* shorter ones are in the range of 64 bits */
  FINITE_DIGITS = 300, /* the largest float has 309 */
  SMALL = 4096,        /* bytes of a text: all tables are looked at sooner */
  SAMPLE = 32 * 1024,  /* bytes at most from which the rest is judged */
  DENSE = 8            /* numbers in a KiB: looked up, they cost as much */
};

static const lua_Number exact = 9007199254740992.0; /* 2^53 */

/* Whether the number on top is finite. Where Lua has integers and it is a
 * float, but a whole number below 2^53, pushes that integer; `whole` says
 * so. */
static bool check_number(lua_State *L, bool *whole)
{
  lua_Number number = lua_tonumber(L, -1);
  *whole = false;
#if LUA_VERSION_NUM >= 503
  if (number > -exact && number < exact) {
    lua_Integer integer = (lua_Integer)number;
    if ((lua_Number)integer == number && !lua_isinteger(L, -1)) {
      lua_pushinteger(L, integer);
      *whole = true;
    }
    return true;
  }
#else
  (void)exact;
#endif
  return isfinite(number);
}

/* The same for all numbers in the table on top, and in tables in it; there
 * the integers replace the floats. */
static bool check_table(lua_State *L, int depth)
{
  if (depth > MAX_DEPTH) {
    return luaL_error(L, "tables are nested too deep") != 0;
  }
  luaL_checkstack(L, 5, "tables are nested too deep");
  bool finite = true;
  bool whole;
  lua_pushnil(L);                /* [table, nil] */
  while (lua_next(L, -2) != 0) { /* [table, key, value] */
    int type = lua_type(L, -1);
    if (type == LUA_TNUMBER) {
      finite = check_number(L, &whole) && finite;
      if (whole) { /* [table, key, value, integer] */
        lua_pushvalue(L, -3);
        lua_replace(L, -3); /* [table, key, key, integer] */
        lua_rawset(L, -4);
        continue;
      }
    } else if (type == LUA_TTABLE) {
      finite = check_table(L, depth + 1) && finite;
    }
    lua_pop(L, 1);
  }
  return finite;
}

/* The same for the last number of a scan. A name may come twice in a text;
 * what stands in the table then is what counts, if it is a number. */
static bool check_last(struct eq_scan *scan)
{
  lua_State *L = scan->L;
  bool whole = false;
  bool finite = true;
  if (!eq_scan_hold(scan)) {
    return true;
  }
  int top = lua_gettop(L); /* [table] */
  eq_scan_push_key(scan);
  lua_pushvalue(L, -1);
  lua_rawget(L, top); /* [table, key, value] */
  if (lua_type(L, -1) == LUA_TNUMBER) {
    finite = check_number(L, &whole);
  }
  if (whole) { /* [table, key, value, integer] */
    lua_replace(L, -2);
    lua_rawset(L, top);
  }
  lua_settop(L, top);
  return finite;
}

#if LUA_VERSION_NUM >= 503
/* Whether the number has only digits, and less than so many. */
static bool is_plain(const struct eq_scan *scan, size_t digits)
{
  return scan->token_len < digits &&
         memchr(scan->token, '.', scan->token_len) == NULL &&
         memchr(scan->token, 'e', scan->token_len) == NULL &&
         memchr(scan->token, 'E', scan->token_len) == NULL;
}
#endif

/* Whether there may be something to do about the number. */
static bool is_of_interest(const struct eq_scan *scan, bool floats)
{
#if LUA_VERSION_NUM >= 503
  return floats || !is_plain(scan, LONG_DIGITS);
#else
  (void)floats;
  return scan->token_len >= FINITE_DIGITS ||
         memchr(scan->token, 'e', scan->token_len) != NULL ||
         memchr(scan->token, 'E', scan->token_len) != NULL;
#endif
}

struct findings {
  bool finite;
  bool is_long; /* a number has so many digits that 64 bits may be too few */
};

/* Whether most tables have numbers of interest, by the beginning of the text:
 * to go through all of them is quicker then. */
static bool is_dense(struct eq_scan *scan, bool floats)
{
  ptrdiff_t size = (scan->end - scan->text) / 8;
  ptrdiff_t bytes = size < SAMPLE ? size : SAMPLE;
  ptrdiff_t count = 0;
  while (scan->p - scan->text < bytes &&
         eq_scan_next(scan) == EQ_SCAN_NUMBER) {
    count += is_of_interest(scan, floats);
  }
  return count * 1024 > DENSE * (scan->p - scan->text);
}

/* Follows the text; false: it can't be followed. */
static bool follow(struct eq_scan *scan, bool floats, struct findings *found)
{
  enum eq_scan_event event = eq_scan_next(scan);
  while (event == EQ_SCAN_NUMBER) {
    if (scan->token_len >= LONG_DIGITS) {
      found->is_long = true;
    }
    if (is_of_interest(scan, floats) && !check_last(scan)) {
      found->finite = false;
    }
    event = eq_scan_next(scan);
  }
  return event == EQ_SCAN_END;
}

/* The arguments are those of core.whole_numbers; false: it can't be done, or
 * not as quickly. */
static bool by_text(lua_State *L, struct findings *found)
{
  bool floats = lua_toboolean(L, 3) != 0;
  if (lua_rawlen(L, 2) < SMALL) {
    return false;
  }
  struct eq_scan scan;
  eq_scan_begin(&scan, L, 1, 2, 4, true);
  if (is_dense(&scan, floats)) {
    return false;
  }
  lua_settop(L, 4);
  eq_scan_begin(&scan, L, 1, 2, 4, true);
  found->is_long = false;
  return follow(&scan, floats, found);
}

/*
 * core.whole_numbers(value [, text, floats, decode])
 *   -> value, finite, long
 * In a number, or in all tables of a value: whole floats below 2^53 become
 * integers where Lua has those. `finite` is false when an infinity or a NaN
 * was found. No metamethod runs. Raises for tables nested more than 1000 deep.
 * text is the JSON that the value was read from: only its numbers are looked
 * at, and of these, unless `floats`, not the plain whole ones. decode reads a
 * quoted string. `long` is false only if no number has 19 digits. (Where all
 * tables are looked at sooner, they are.)
 */
static int l_whole_numbers(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_settop(L, 4);
  struct findings found = {.finite = true, .is_long = true};
  bool whole;
  if (lua_type(L, 1) == LUA_TNUMBER) {
    lua_settop(L, 1);
    found.finite = check_number(L, &whole);
    if (whole) {
      lua_replace(L, 1);
    }
  } else if (lua_type(L, 1) == LUA_TTABLE) {
    bool followed = false;
    if (lua_type(L, 2) == LUA_TSTRING) {
      luaL_checktype(L, 4, LUA_TFUNCTION);
      followed = by_text(L, &found);
    }
    if (!followed) {
      lua_settop(L, 1);
      found.is_long = true;
      found.finite = check_table(L, 1);
    }
  }
  lua_settop(L, 1);
  lua_pushboolean(L, found.finite);
  lua_pushboolean(L, found.is_long);
  return 3;
}

int eq_open_whole_numbers(lua_State *L)
{
  static const luaL_Reg functions[] = {{"whole_numbers", l_whole_numbers},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
