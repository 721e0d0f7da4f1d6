/*
 * output: bytes on standard output, all of them.
 *
 * Law of this file: only what must be done in C. Lua's own writing gives up,
 * with half of it written, where the file does not block, as others who share
 * it may have made it; whoever serves a program over a pipe waits until that
 * reads.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/compat.h"

/* What can't be written at once is waited for; false: it never can. */
static bool await_room(void)
{
  struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&output, 1, -1) >= 0 || errno == EINTR;
}

/*
 * core.output(bytes) -> true | nil, message
 * Writes past the buffer of io.stdout: use one of the two. SIGPIPE has to be
 * ignored. Blocks this OS thread, until somebody reads.
 */
static int l_output(lua_State *L)
{
  size_t n;
  const char *bytes = luaL_checklstring(L, 1, &n);
  while (n > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, n);
    if (written >= 0) {
      bytes += written;
      n -= (size_t)written;
    } else if (errno != EINTR && (errno != EAGAIN || !await_room())) {
      int os = errno;
      lua_pushnil(L);
      lua_pushfstring(L, "standard output can't be written (%d)", os);
      return 2;
    }
  }
  lua_pushboolean(L, 1);
  return 1;
}

int eq_open_output(lua_State *L)
{
  static const luaL_Reg functions[] = {{"output", l_output}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
