/*
 * stdio: what has arrived on standard input, and bytes to standard output.
 *
 * Law of this file: only what must be done in C. Lua's own reading waits for a
 * whole line or a whole block, however long that takes; a server on a pipe
 * takes what is there, and may ask whether there is more. Lua's own writing
 * gives up in the middle where the file does not block, which another process
 * that shares the file may have set; a server on a pipe waits until its
 * client reads.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compat.h"
#include "core.h"

/* ------------------------------------------------------------------ input */

/* Bytes that one call returns at most. */
#define PIECE 16384

/* Waits for bytes or the end: 1; 0: the time is over; -1: failure. */
static int await_input(int64_t deadline)
{
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  for (;;) {
    int ready = poll(&input, 1, eq_deadline_ms(deadline));
    if (ready >= 0 || errno != EINTR) {
      return ready;
    }
  }
}

static ssize_t read_piece(char *piece)
{
  for (;;) {
    ssize_t n = read(STDIN_FILENO, piece, PIECE);
    if (n >= 0 || errno != EINTR) {
      return n;
    }
  }
}

/*
 * core.input([seconds]) -> bytes | "" at the end | nil when nothing came in
 * that time (without it: waits for ever) | nil, message. Reads past the
 * buffer of io.stdin: use one of the two. Blocks this OS thread.
 */
static int l_input(lua_State *L)
{
  int64_t deadline = EQ_NO_DEADLINE;
  if (!lua_isnoneornil(L, 1)) {
    deadline = eq_deadline((double)luaL_checknumber(L, 1));
  }
  char piece[PIECE];
  int ready = await_input(deadline);
  ssize_t n = ready > 0 ? read_piece(piece) : 0;
  /* If reading does not block, another process may have read it first. */
  if (ready == 0 || (n < 0 && errno == EAGAIN)) {
    lua_pushnil(L);
    return 1;
  }
  if (ready < 0 || n < 0) {
    int os = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "standard input can't be read (%d)", os);
    return 2;
  }
  lua_pushlstring(L, piece, (size_t)n);
  return 1;
}

/* ----------------------------------------------------------------- output */

/* Waits until bytes can be written; false: they never can. */
static bool await_room(void)
{
  struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&output, 1, -1) >= 0 || errno == EINTR;
}

/*
 * core.output(bytes) -> true | nil, message
 * Writes all of it, past the buffer of io.stdout: use one of the two. SIGPIPE
 * has to be ignored. Blocks this OS thread until the other side reads.
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

int eq_open_stdio(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"input", l_input},
      {"output", l_output},
      {NULL, NULL},
  };
  eq_newlib(L, functions);
  return 1;
}
