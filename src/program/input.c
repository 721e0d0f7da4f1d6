/*
 * input: what has arrived on standard input.
 *
 * Law of this file: only what must be done in C. Lua's own reading waits for
 * a whole line or a whole block, however long that is and takes; whoever
 * serves another program over a pipe takes what is there, and may ask whether
 * there is more.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/deadline.h"

/* Bytes that one call returns at most. */
#define PIECE 16384

/* Waits for bytes or the end: 1; 0 when time is over, -1 on failure. */
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

static ssize_t take(char *piece)
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
  ssize_t n = ready > 0 ? take(piece) : 0;
  /* Where reading does not block, somebody else may have been first. */
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

int eq_open_input(lua_State *L)
{
  static const luaL_Reg functions[] = {{"input", l_input}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
