/*
 * A Lua that can be linked with a sanitizer: `lua [-e CODE]... [SCRIPT
 * [ARGUMENTS]]`. A stock Lua gets the runtime of a sanitizer only through
 * LD_PRELOAD, and then every program that a spec starts gets it too.
 *
 * Like the stock one it turns SIGINT into an error, and closes its state at
 * the end, so that memory in use after that is a leak.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* For the signal handler, which has no argument for it. */
static lua_State *running;

static void stop(lua_State *L, lua_Debug *ar)
{
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

/* A handler may only set a hook, which stops at the next instruction. */
static void on_interrupt(int signal_number)
{
  signal(signal_number, SIG_DFL); /* a second one ends the program */
  lua_sethook(running, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

/* Uncaught errors get a traceback. */
static int add_traceback(lua_State *L)
{
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

/* Runs the chunk on the stack, below its arguments. */
static void run(lua_State *L, int status, int arguments)
{
  if (status == 0) {
    status = lua_pcall(L, arguments, 0, 1);
  }
  if (status != 0) {
    fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
    lua_close(L);
    exit(EXIT_FAILURE);
  }
}

/* arg, as in the stock interpreter: the script has index 0. */
static void set_arg(lua_State *L, int argc, char **argv, int script)
{
  lua_newtable(L);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

int main(int argc, char **argv)
{
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fprintf(stderr, "lua: not enough memory\n");
    return EXIT_FAILURE;
  }
  luaL_openlibs(L);
  running = L;
  signal(SIGINT, on_interrupt);
  lua_pushcfunction(L, add_traceback); /* index 1, for run */

  int script = 1;
  while (script + 1 < argc && strcmp(argv[script], "-e") == 0) {
    script += 2;
  }
  set_arg(L, argc, argv, script < argc ? script : 0);
  for (int i = 2; i < script; i += 2) {
    run(L, luaL_loadstring(L, argv[i]), 0);
  }
  if (script < argc) {
    int status = luaL_loadfile(L, argv[script]);
    for (int i = script + 1; status == 0 && i < argc; i++) {
      lua_pushstring(L, argv[i]);
    }
    run(L, status, argc - script - 1);
  }
  lua_close(L);
  return EXIT_SUCCESS;
}
