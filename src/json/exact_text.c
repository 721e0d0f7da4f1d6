/*
 * exact_text: the text that a JSON library has written of a value, made exact.
 *
 * Law of this file: a number has the shortest text that reads back as the
 * same number, and the table that stands for an empty array is one. Only what
 * differs is replaced; a text that can't be compared with its value to the
 * end is given back as unknown.
 *
 * RATIONALE: the library writes a number as "%.14g". Its text does not show
 * whether that was enough (0.1 + 0.2 becomes 0.3), so each number is looked
 * up in its table; but only these are, and not all that a table has.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core.h"
#include "json/scan.h"

enum { VALUE = 1, TEXT, DECODE, WRITE, EMPTY, PIECES }; /* stack indexes */

static const lua_Number large = 1e14;             /* too long for %.14g */
static const lua_Number largest_key = 2147483647; /* of the library's arrays */

/* Whether "%.14g" writes all digits: what it writes is the decimal fraction,
 * and this is the float nearest to that. */
static bool is_short(lua_Number value)
{
  if (!(value > -large && value < large)) {
    return false;
  }
  if ((lua_Number)(int64_t)value == value) {
    return true;
  }
  lua_Number scaled = floor(value * 1e6 + 0.5);
  return scaled > -large && scaled < large && scaled / 1e6 == value;
}

struct exact_text {
  struct eq_scan scan;
  const char *copied; /* up to here the pieces have it */
  int count;
};

/* Adds a piece to the text that will be. */
static void add_piece(struct exact_text *exactly, const char *text, size_t len)
{
  lua_State *L = exactly->scan.L;
  if (len > 0) {
    lua_pushlstring(L, text, len);
    lua_rawseti(L, PIECES, ++exactly->count);
  }
}

/* Other text instead of what stands from `from` to `to`. */
static void replace(struct exact_text *exactly, const char *from,
                    const char *to, const char *text, size_t len)
{
  lua_State *L = exactly->scan.L;
  if (exactly->count == 0) {
    lua_newtable(L);
    lua_replace(L, PIECES);
  }
  add_piece(exactly, exactly->copied, (size_t)(from - exactly->copied));
  add_piece(exactly, text, len);
  exactly->copied = to;
}

/* The last number; false: the tables have no such number. */
static bool check_number(struct exact_text *exactly)
{
  struct eq_scan *scan = &exactly->scan;
  lua_State *L = scan->L;
  if (!eq_scan_hold(scan)) {
    return false;
  }
  eq_scan_push_key(scan);
  lua_rawget(L, -2); /* [table, value] */
  bool found = lua_type(L, -1) == LUA_TNUMBER;
  if (found && !is_short(lua_tonumber(L, -1))) {
    lua_pushvalue(L, WRITE);
    lua_insert(L, -2);
    lua_call(L, 1, 1); /* [table, text] */
    size_t len = 0;
    const char *text = lua_tolstring(L, -1, &len);
    found = text != NULL;
    if (found &&
        (len != scan->token_len || memcmp(text, scan->token, len) != 0)) {
      replace(exactly, scan->token, scan->token + scan->token_len, text, len);
    }
  }
  lua_pop(L, 1);
  return found;
}

/* The innermost array; false: it has keys that are not in the text, or may
 * be. Of a whole key beyond an int the library makes another one. */
static bool check_array(struct eq_scan *scan)
{
  lua_State *L = scan->L;
  if (!eq_scan_hold(scan)) {
    return *scan->p == ']'; /* some libraries have another value for [] */
  }
  lua_pushnil(L); /* [table, nil] */
  while (lua_next(L, -2) != 0) {
    lua_pop(L, 1); /* [table, key] */
    if (lua_type(L, -1) != LUA_TNUMBER ||
        !(lua_tonumber(L, -1) <= largest_key)) {
      lua_pop(L, 1);
      return false;
    }
  }
  return true;
}

/* The innermost object, which has a name that looks like a number; false: one
 * is a number. */
static bool check_names(struct eq_scan *scan)
{
  lua_State *L = scan->L;
  struct eq_scan_frame *frame = &scan->frames[scan->depth - 1];
  if (frame->strings) {
    return true;
  }
  if (!eq_scan_hold(scan)) {
    return false;
  }
  lua_pushnil(L); /* [table, nil] */
  while (lua_next(L, -2) != 0) {
    lua_pop(L, 1); /* [table, key] */
    if (lua_type(L, -1) != LUA_TSTRING) {
      lua_pop(L, 1);
      return false;
    }
  }
  frame->strings = true;
  return true;
}

/* The innermost object, in whose text there is nothing. */
static bool check_empty(struct exact_text *exactly)
{
  struct eq_scan *scan = &exactly->scan;
  if (!eq_scan_hold(scan)) {
    return false;
  }
  if (lua_rawequal(scan->L, -1, EMPTY)) {
    replace(exactly, scan->p - 1, scan->p + 1, "[]", 2);
  }
  return true;
}

/* Follows the text to its end; false: it can't be followed. */
static bool follow(struct exact_text *exactly)
{
  struct eq_scan *scan = &exactly->scan;
  bool known = true;
  while (known) {
    switch (eq_scan_next(scan)) {
    case EQ_SCAN_NUMBER:
      known = check_number(exactly);
      break;
    case EQ_SCAN_ARRAY:
      known = check_array(scan);
      break;
    case EQ_SCAN_EMPTY:
      known = lua_isnil(scan->L, EMPTY) || check_empty(exactly);
      break;
    case EQ_SCAN_NUMBER_NAME:
      known = check_names(scan);
      break;
    case EQ_SCAN_END:
      return true;
    case EQ_SCAN_UNKNOWN:
      known = false;
      break;
    }
  }
  return false;
}

/*
 * core.exact_text(value, text, decode, write [, empty]) -> true | pieces | nil
 * Whether a text that a JSON library wrote of a table, with numbers as
 * "%.14g", is exact; otherwise the pieces of one that is. decode reads a
 * quoted string, write makes the text of a number. The table `empty` stands
 * for []. nil: unknown. No metamethod runs.
 */
static int l_exact_text(lua_State *L)
{
  luaL_checktype(L, VALUE, LUA_TTABLE);
  luaL_checktype(L, TEXT, LUA_TSTRING);
  luaL_checktype(L, DECODE, LUA_TFUNCTION);
  luaL_checktype(L, WRITE, LUA_TFUNCTION);
  lua_settop(L, PIECES);
  struct exact_text exactly = {.count = 0};
  eq_scan_begin(&exactly.scan, L, VALUE, TEXT, DECODE, false);
  exactly.copied = exactly.scan.text;
  bool known = follow(&exactly);
  lua_settop(L, PIECES);
  if (!known) {
    lua_pushnil(L);
  } else if (exactly.count == 0) {
    lua_pushboolean(L, 1);
  } else {
    add_piece(&exactly, exactly.copied,
              (size_t)(exactly.scan.end - exactly.copied));
  }
  return 1;
}

int eq_open_exact_text(lua_State *L)
{
  static const luaL_Reg functions[] = {{"exact_text", l_exact_text},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
