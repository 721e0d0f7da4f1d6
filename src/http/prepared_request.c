/*
 * prepared_request: the laws are in prepared_request.h.
 */
#include "http/prepared_request.h"

#include "base/object.h"
#include "http/libcurl.h"

#define CLASS "equinix.prepared"

static const char magic;

struct eq_prepared_request {
  const void *magic; /* first; NULL until the request is complete */
  struct eq_request request;
  struct eq_buffer lines; /* the request's */
};

/* Pushes a copy of the table at idx, which no Lua code can reach. */
static void push_copy(lua_State *L, int idx)
{
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) { /* [.., copy, name, value] */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

int eq_prepared_request_new(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  eq_libcurl_require(L);
  struct eq_prepared_request *prepared =
      eq_newobject(L, sizeof *prepared, CLASS);
  push_copy(L, 1); /* [table, prepared, copy] */
  eq_buffer_init(&prepared->lines, 0);
  eq_request_read(L, 3, &prepared->request, &prepared->lines, NULL);
  eq_setvalue(L, 2); /* keeps what the request borrows */
  prepared->magic = &magic;
  return 1;
}

void eq_prepared_request_check(lua_State *L, int idx)
{
  if (eq_object_at(L, idx, sizeof(struct eq_prepared_request), &magic) ==
      NULL) {
    luaL_argerror(L, idx, "a request expected, a table or a prepared one");
  }
}

const struct eq_request *
eq_prepared_request_get(const struct eq_prepared_request *it)
{
  return &it->request;
}

static int l_gc(lua_State *L)
{
  struct eq_prepared_request *prepared = luaL_checkudata(L, 1, CLASS);
  eq_buffer_free(&prepared->lines);
  prepared->magic = NULL; /* a finalizer may still try to send it */
  return 0;
}

void eq_prepared_request_class(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__gc", l_gc}, {NULL, NULL}};
  eq_newclass(L, CLASS, none, metamethods);
}
