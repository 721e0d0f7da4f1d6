/*
 * json: JSON text to values and back, where the core reads beside lua-cjson.
 *
 * Input: the text. (json.lua compares with other readers.)
 */
#include <string.h>

#include "fuzz.h"

enum { SPACES = 5000 };

static int decode = LUA_NOREF;
static int encode = LUA_NOREF;
static int library = LUA_NOREF;
static int same_tree = LUA_NOREF;

void prepare(lua_State *L)
{
  if (luaL_dostring(L, "local json = require 'equinix.base.json' "
                       "return json.decode, json.encode, "
                       "require 'cjson'.decode, "
                       "(require 'fuzz.same_tree')") != 0) {
    expect(false, lua_tostring(L, -1));
  }
  same_tree = luaL_ref(L, LUA_REGISTRYINDEX);
  library = luaL_ref(L, LUA_REGISTRYINDEX);
  encode = luaL_ref(L, LUA_REGISTRYINDEX);
  decode = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* f(argument on top), which is replaced by its first result. */
static bool apply(lua_State *L, int f)
{
  int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, f);
  lua_insert(L, top);
  bool ok = call(L, 1);
  lua_settop(L, top);
  return ok;
}

static bool is_surely_valid(lua_State *L)
{
  push_core(L, "surely_valid");
  lua_pushvalue(L, 1);
  expect(call(L, 1), "surely_valid raises for no text");
  bool valid = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return valid;
}

/* A long text is read in another way than a short one: one in sixteen has
 * spaces before it. */
static void push_text(lua_State *L, struct input in)
{
  size_t len = (size_t)(in.end - in.at);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (size_t i = 0; len % 16 == 1 && i < SPACES; i++) {
    luaL_addchar(&text, ' ');
  }
  luaL_addlstring(&text, (const char *)in.at, len);
  luaL_pushresult(&text);
}

/* The tree of a capability file. */
static void check_tree(lua_State *L)
{
  push_core(L, "json_tree");
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 16);
  lua_pushinteger(L, 100);
  lua_pushinteger(L, 20);
  expect(call(L, 4), "json_tree raises for no text");
  lua_settop(L, 2); /* it may return nothing */
  if (!lua_isnil(L, 2)) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, same_tree);
    lua_insert(L, 2); /* [text, same_tree, tree] */
    lua_pushvalue(L, 1);
    expect(apply(L, library), "what has a tree lua-cjson reads");
    expect(call(L, 2) && lua_toboolean(L, 2) != 0,
           "a tree has what lua-cjson reads");
  }
  lua_settop(L, 1);
}

void run(lua_State *L, struct input in)
{
  push_text(L, in);
  check_tree(L);
  if (is_surely_valid(L)) {
    lua_pushvalue(L, 1);
    expect(apply(L, library), "what is surely valid lua-cjson reads");
    lua_pop(L, 1);
  }
  lua_pushvalue(L, 1);
  expect(apply(L, decode), "decode raises for no text"); /* [text, value] */
  if (lua_isnil(L, 2)) {
    return;
  }
  lua_pushvalue(L, 2);
  expect(apply(L, encode), "encode raises for no value that was read");
  if (lua_isnil(L, 3)) {
    return; /* nested deeper than is written */
  }
  lua_pushvalue(L, 3); /* [text, value, written, written] */
  expect(apply(L, decode) && !lua_isnil(L, 4),
         "what was written is read again");
  expect(apply(L, encode) && lua_type(L, 4) == LUA_TSTRING,
         "and written again");
  expect(lua_rawlen(L, 3) == lua_rawlen(L, 4),
         "the second time it is as long as the first");
}
