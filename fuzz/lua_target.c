/*
 * lua_target: runs a target that is written in Lua, fuzz/NAME.lua for
 * TARGET=NAME: a function that raises where a law is broken.
 *
 * Law of this file: lines of Lua count as new ground for libFuzzer like edges
 * of C do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "fuzz.h"

enum { COUNTERS = 1 << 16, REPLY_MAX = 1 << 20 };

/* libFuzzer looks for this section. */
__attribute__((section(
    "__libfuzzer_extra_counters"))) static unsigned char counters[COUNTERS];

static int target = LUA_NOREF;

/* Which line of which file came after which. */
static void count_line(lua_State *L, lua_Debug *at)
{
  static uintptr_t before;
  (void)lua_getinfo(L, "S", at);
  uintptr_t here =
      ((uintptr_t)at->source >> 4) * 31 + (uintptr_t)at->currentline * 2654435;
  unsigned char *counter = &counters[(here ^ (before >> 1)) % COUNTERS];
  if (*counter < 255) {
    (*counter)++;
  }
  before = here;
}

/* ---------------------------------------------------------------- the judge
 */

static FILE *to_judge;
static FILE *from_judge;

/* Starts node once; it ends when its standard input does. */
static void start_judge(lua_State *L)
{
  int to[2];
  int from[2];
  if (pipe(to) != 0 || pipe(from) != 0) {
    luaL_error(L, "no pipe");
  }
  pid_t pid = fork();
  if (pid == 0) {
    (void)dup2(to[0], 0);
    (void)dup2(from[1], 1);
    (void)close(to[1]);
    (void)close(from[0]);
    (void)execlp("node", "node", "fuzz/judge.mjs", (char *)NULL);
    _exit(127);
  }
  (void)close(to[0]);
  (void)close(from[1]);
  to_judge = fdopen(to[1], "w");
  from_judge = fdopen(from[0], "r");
  if (pid < 0 || to_judge == NULL || from_judge == NULL) {
    luaL_error(L, "no judge");
  }
}

static void send_piece(lua_State *L, int arg)
{
  size_t len;
  const char *bytes = luaL_checklstring(L, arg, &len);
  uint32_t n = (uint32_t)len;
  if (fwrite(&n, sizeof n, 1, to_judge) != 1 ||
      fwrite(bytes, 1, len, to_judge) != len) {
    luaL_error(L, "the judge is gone: is node installed?");
  }
}

/* libFuzzer's timer interrupts a read now and then. */
static bool receive(void *to, size_t n)
{
  size_t got = 0;
  while (got < n) {
    errno = 0;
    got += fread((char *)to + got, 1, n - got, from_judge);
    if (got < n && errno != EINTR) {
      return false;
    }
    clearerr(from_judge);
  }
  return true;
}

/* judge(what, text) -> verdict of judge.mjs */
static int l_judge(lua_State *L)
{
  if (to_judge == NULL) {
    start_judge(L);
  }
  send_piece(L, 1);
  send_piece(L, 2);
  uint32_t n;
  if (fflush(to_judge) != 0 || !receive(&n, sizeof n) || n > REPLY_MAX) {
    return luaL_error(L, "the judge is gone: is node installed?");
  }
  char *reply = lua_newuserdata(L, n + 1);
  if (!receive(reply, n)) {
    return luaL_error(L, "the judge is gone");
  }
  lua_pushlstring(L, reply, n);
  return 1;
}

/* -------------------------------------------------------------------- target
 */

void prepare(lua_State *L)
{
  const char *name = getenv("TARGET");
  char path[128];
  expect(name != NULL, "TARGET names a target");
  (void)snprintf(path, sizeof path, "fuzz/%s.lua", name);
  lua_pushcfunction(L, l_judge);
  lua_setglobal(L, "judge");
  if (luaL_dofile(L, path) != 0) {
    expect(false, lua_tostring(L, -1));
  }
  target = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_sethook(L, count_line, LUA_MASKLINE, 0);
}

static int traceback(lua_State *L)
{
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

void run(lua_State *L, struct input in)
{
  lua_pushcfunction(L, traceback);
  lua_rawgeti(L, LUA_REGISTRYINDEX, target);
  lua_pushlstring(L, (const char *)in.at, (size_t)(in.end - in.at));
  if (lua_pcall(L, 1, 0, 1) != 0) {
    expect(false, lua_tostring(L, -1));
  }
}
