/*
 * lua_values: the law is in lua_values.h.
 */
#include "cache/lua_values.h"

#include <math.h>

/* 292 years: more nanoseconds don't fit into an int64_t. */
#define LAST_SECOND 9.2e9

int64_t eq_to_ns(lua_State *L, int arg, lua_Number seconds)
{
  luaL_argcheck(L, !isnan(seconds), arg, "seconds must be a number");
  if (seconds <= 0) {
    return 0;
  }
  return seconds < LAST_SECOND ? (int64_t)(seconds * (lua_Number)EQ_NS_PER_S)
                               : EQ_FOREVER;
}

int64_t eq_check_seconds(lua_State *L, int arg)
{
  return eq_to_ns(L, arg, luaL_checknumber(L, arg));
}

void eq_push_seconds(lua_State *L, int64_t ns)
{
  lua_pushnumber(L, ns == EQ_FOREVER
                        ? (lua_Number)HUGE_VAL
                        : (lua_Number)ns / (lua_Number)EQ_NS_PER_S);
}

uint64_t eq_check_id(lua_State *L, int arg)
{
  lua_Integer id = luaL_checkinteger(L, arg);
  return id > 0 ? (uint64_t)id : 0;
}

void eq_push_id(lua_State *L, uint64_t id)
{
  lua_pushinteger(L, (lua_Integer)id);
}

void eq_push_state(lua_State *L, enum eq_state state)
{
  static const char *const names[] = {
      [EQ_EMPTY] = "empty",       [EQ_FRESH] = "fresh",
      [EQ_ADVISORY] = "advisory", [EQ_MANDATORY] = "mandatory",
      [EQ_EXPIRED] = "expired",   [EQ_REJECTED] = "rejected",
      [EQ_CLOSED] = "closed",
  };
  lua_pushstring(L, names[state]);
}

struct eq_bytes eq_check_bytes(lua_State *L, int arg, size_t max)
{
  struct eq_bytes text;
  text.bytes = luaL_checklstring(L, arg, &text.len);
  luaL_argcheck(L, text.len <= max, arg, "too long for the token cache");
  return text;
}

void eq_push_secret(lua_State *L, const struct eq_secret *secret)
{
  lua_pushlstring(L, (const char *)secret->bytes, secret->len);
}

void eq_push_secret_or_nil(lua_State *L, const struct eq_secret *secret)
{
  if (secret->len > 0) {
    eq_push_secret(L, secret);
  } else {
    lua_pushnil(L);
  }
}
