/*
 * driver: runs a target under libFuzzer, in one Lua state.
 *
 * Law of this file: an input leaves nothing behind for the next one, but what
 * a long-lived process keeps, too: the state, its modules, its memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#include "core.h"
#include "fuzz.h"

int luaopen_equinix_core(lua_State *L);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static lua_State *state;

/* ------------------------------------------------------------------- input */

unsigned take_byte(struct input *in)
{
  return in->at < in->end ? *in->at++ : 0;
}

static struct piece take(struct input *in, size_t len)
{
  size_t left = (size_t)(in->end - in->at);
  struct piece piece = {(const char *)in->at, len < left ? len : left};
  in->at += piece.len;
  return piece;
}

struct piece take_piece(struct input *in)
{
  size_t len = take_byte(in);
  return take(in, len);
}

struct piece take_until(struct input *in, char end)
{
  size_t left = (size_t)(in->end - in->at);
  const uint8_t *found = left == 0 ? NULL : memchr(in->at, end, left);
  if (found == NULL) {
    return take(in, left);
  }
  struct piece piece = take(in, (size_t)(found - in->at));
  in->at++;
  return piece;
}

/* -------------------------------------------------------------------- laws */

void expect(bool holds, const char *law)
{
  if (!holds) {
    (void)fprintf(stderr, "broken law: %s\n", law);
    abort();
  }
}

bool call(lua_State *L, int nargs)
{
  return lua_pcall(L, nargs, LUA_MULTRET, 0) == 0;
}

void push_core(lua_State *L, const char *name)
{
  lua_getglobal(L, "core");
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

/* ------------------------------------------------------------------ libFuzzer
 */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  (void)argv;
  state = luaL_newstate();
  expect(state != NULL, "there is memory for a Lua state");
  luaL_openlibs(state);
  lua_getglobal(state, "package");
  lua_pushliteral(state, "lua/?.lua;lua/?/init.lua;./?.lua;;");
  lua_setfield(state, -2, "path");
  lua_getfield(state, -1, "preload");
  lua_pushcfunction(state, luaopen_equinix_core);
  lua_setfield(state, -2, "equinix.core");
  if (luaL_dostring(state, "core = require 'equinix.core'") != 0) {
    expect(false, lua_tostring(state, -1));
  }
  lua_settop(state, 0);
  prepare(state);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
  lua_settop(state, 0);
  run(state, (struct input){bytes, bytes + n});
  fail_allocation(0);
  fail_call(0);
  return 0;
}
