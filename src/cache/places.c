/*
 * places: the law is in places.h.
 */
#include "cache/places.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cache/shared_table.h"

#define VARIABLE "EQUINIX_CACHE_PLACES"

static atomic_flag is_read = ATOMIC_FLAG_INIT;
static atomic_bool is_wrong;

/* 1 to EQ_PLACES_MAX; 0: something else. */
static uint32_t parse(const char *text)
{
  size_t len = strlen(text);
  if (len == 0 || len > 5 || strspn(text, "0123456789") != len) {
    return 0;
  }
  unsigned long places = strtoul(text, NULL, 10);
  return places <= EQ_PLACES_MAX ? (uint32_t)places : 0;
}

/*
 * Pushes what os.getenv says, or nil. Lua's own function first: while nginx
 * reads its configuration, `env NAME=value;` is known to that one only.
 */
static void push_variable(lua_State *L)
{
  lua_getglobal(L, "os");
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "getenv");
    lua_pushliteral(L, VARIABLE);
    if (lua_pcall(L, 1, 1, 0) != 0) {
      lua_pop(L, 1);
      lua_pushnil(L);
    }
    lua_remove(L, -2);
  }
  if (lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    /* At load, before threads could change it.
     * NOLINTNEXTLINE(concurrency-mt-unsafe) */
    lua_pushstring(L, getenv(VARIABLE)); /* nil for NULL */
  }
}

void eq_places_read(lua_State *L)
{
  if (atomic_flag_test_and_set(&is_read)) {
    return;
  }
  push_variable(L);
  const char *text = lua_tostring(L, -1);
  if (text != NULL && *text != '\0') {
    uint32_t places = parse(text);
    if (places > 0) {
      eq_table_set_places(places);
    } else {
      atomic_store(&is_wrong, true);
    }
  }
  lua_pop(L, 1);
}

const char *eq_places_mistake(void)
{
  if (atomic_load(&is_wrong)) {
    return VARIABLE " must be a whole number from 1 to 65536";
  }
  if (eq_table_is_reduced()) {
    return "there is no memory for so many places; make " VARIABLE " smaller";
  }
  return NULL;
}
