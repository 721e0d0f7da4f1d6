/*
 * exec: this process becomes another program, and what others inherit.
 *
 * Law of this file: only what must be done in C. Lua can start a program but
 * can't become one, and a signal to a command has to reach the program that
 * does the command's work, not a Lua that waits for it. Nor can Lua keep a
 * pipe from the other programs that it starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lualib.h>

#include "base/compat.h"
#include "base/errno_name.h"
#include "core.h"

/* Most arguments, the program itself included. */
#define ARGS_MAX 64

/* No process that uses this module has a descriptor above this one. */
#define FD_MAX 4096

/* The program inherits standard input, output and error, and no other file. */
static void close_files_on_exec(void)
{
  long most = sysconf(_SC_OPEN_MAX);
  int end = most > 0 && most < FD_MAX ? (int)most : FD_MAX;
  for (int fd = STDERR_FILENO + 1; fd < end; fd++) {
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) {
      (void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
  }
}

/*
 * core.exec(argv) -> nil, message. Replaces this process by the program
 * argv[1] (a path; PATH is not searched) with these arguments, the
 * environment and the three standard files. Returns only on failure; an
 * argument that can't be passed (no string, or a NUL in it) raises.
 */
static int l_exec(lua_State *L)
{
  char *argv[ARGS_MAX + 1];
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t n = lua_rawlen(L, 1);
  if (n < 1 || n > ARGS_MAX) {
    return luaL_argerror(L, 1, "1 to 64 strings expected");
  }
  luaL_checkstack(L, (int)n, NULL);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (int)i + 1); /* stays on the stack: argv points to it */
    size_t len = 0;
    const char *word =
        lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    luaL_argcheck(L, word && strlen(word) == len, 1,
                  "a list of strings without NUL expected");
    /* execv has no const for historical reasons; it changes nothing. */
    memcpy(&argv[i], &word, sizeof word);
  }
  argv[n] = NULL;
  (void)fflush(NULL);
  close_files_on_exec();
  (void)execv(argv[0], argv);
  int reason = errno;
  const char *name = eq_errno_name(reason);
  lua_pushnil(L);
  if (name != NULL) {
    lua_pushfstring(L, "%s can't be run: %s", argv[0], name);
  } else {
    lua_pushfstring(L, "%s can't be run: errno %d", argv[0], reason);
  }
  return 2;
}

/* The stream of a file object of Lua's; NULL when it is closed. */
static FILE *open_stream(void *object)
{
#if LUA_VERSION_NUM >= 502
  luaL_Stream *file = object;
  return file->closef != NULL ? file->f : NULL;
#else
  FILE **file = object;
  return *file;
#endif
}

/*
 * core.close_on_exec(file) -> true | nil, message. No program that this
 * process starts from now on inherits the file, an open one of Lua's io.
 */
static int l_close_on_exec(lua_State *L)
{
  FILE *stream = open_stream(luaL_checkudata(L, 1, LUA_FILEHANDLE));
  luaL_argcheck(L, stream != NULL, 1, "the file is closed");
  int fd = fileno(stream);
  int flags = fcntl(fd, F_GETFD);
  if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
    const char *name = eq_errno_name(errno);
    lua_pushnil(L);
    lua_pushstring(L, name != NULL ? name : "fcntl failed");
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

int eq_open_exec(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"exec", l_exec},
      {"close_on_exec", l_close_on_exec},
      {NULL, NULL},
  };
  eq_newlib(L, functions);
  return 1;
}
