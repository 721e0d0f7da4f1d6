/*
 * embed: a program in C that runs Lua in four threads, all on one token.
 *
 *   cc -std=c11 -pthread -rdynamic -o embed examples/embed.c \
 *      $(pkg-config --cflags --libs lua5.4)
 *   ./embed examples/embed.lua [ca.pem]
 *
 * With LuaJIT it is `pkg-config ... luajit`. (-rdynamic is for a Lua that is
 * linked in statically: modules written in C look for Lua in the program.)
 * Credentials and endpoint come from the environment (see shipment.lua).
 *
 * What such a program needs to know about equinix:
 * - A Lua state belongs to one thread, so each thread makes its own, with its
 *   own `require` and its own client. There is nothing to lock.
 * - The token belongs to the process: one thread fetches it, the others wait
 *   for the result, and all go on with the same token.
 * - A thread that fetches or waits is blocked, the others run on.
 * - Processes share the token too if they were forked after `require
 *   "equinix"`.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { THREADS = 4 };

struct job {
  pthread_t thread;
  int number;
  const char *script;
  const char *ca_file; /* or NULL */
  bool ok;
};

/* Adds a traceback to an error, which need not be a string. */
static int traceback(lua_State *L)
{
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback"); /* [error, debug, traceback] */
  lua_getglobal(L, "tostring");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1); /* [error, debug, traceback, text] */
  lua_call(L, 1, 1);
  return 1;
}

/* Runs the script with the arguments of its job; false: it printed why. */
static bool run(lua_State *L, const struct job *job)
{
  luaL_openlibs(L);
  lua_pushcfunction(L, traceback);
  if (luaL_loadfile(L, job->script) == 0) {
    lua_pushstring(L, job->ca_file); /* NULL becomes nil */
    lua_pushinteger(L, job->number);
    if (lua_pcall(L, 2, 0, 1) == 0) {
      return true;
    }
  }
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "thread %d: %s\n", job->number,
          message != NULL ? message : "failed without a word");
  return false;
}

static void *thread_main(void *data)
{
  struct job *job = data;
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fprintf(stderr, "thread %d: no memory for Lua\n", job->number);
    return NULL;
  }
  job->ok = run(L, job);
  lua_close(L); /* closes the client; the token stays for the others */
  return NULL;
}

int main(int argc, char **argv)
{
  struct job jobs[THREADS];
  bool ok = true;
  if (argc < 2 || argc > 3) {
    fputs("usage: embed script.lua [ca.pem]\n", stderr);
    return 2;
  }
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (struct job){
        .number = i + 1,
        .script = argv[1],
        .ca_file = argc > 2 ? argv[2] : NULL,
    };
    if (pthread_create(&jobs[i].thread, NULL, thread_main, &jobs[i]) != 0) {
      fputs("embed: can't start a thread\n", stderr);
      return EXIT_FAILURE;
    }
  }
  for (int i = 0; i < THREADS; i++) {
    ok = pthread_join(jobs[i].thread, NULL) == 0 && jobs[i].ok && ok;
  }
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
