/*
 * input: what has arrived on standard input.
 *
 * Law of this file: only what must be done in C. Lua's own reading waits for
 * a whole line or a whole block, however long that is and takes; whoever
 * serves another program over a pipe takes what is there, and may ask whether
 * there is more.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"

/* Bytes that one call returns at most. */
#define PIECE 16384

/* Milliseconds until a time of clock.h, rounded up; -1: there is none. */
static int left_ms(int64_t deadline)
{
  if (deadline < 0) {
    return -1;
  }
  int64_t left = deadline - eq_now_ns();
  if (left <= 0) {
    return 0;
  }
  left = (left + EQ_NS_PER_MS - 1) / EQ_NS_PER_MS;
  return left > INT_MAX ? INT_MAX : (int)left;
}

/* Waits for bytes or the end: 1; 0 when time is over, -1 on failure. */
static int await_input(int64_t deadline)
{
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  for (;;) {
    int ready = poll(&input, 1, left_ms(deadline));
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

/* A time that nobody sits out; keeps nanoseconds in an int64_t. */
#define WAIT_MAX 1e9

/*
 * core.input([seconds]) -> bytes | "" at the end | nil when nothing came in
 * that time (without it: waits for ever) | nil, message. Reads past the
 * buffer of io.stdin: use one of the two. Blocks this OS thread.
 */
static int l_input(lua_State *L)
{
  int64_t deadline = -1;
  if (!lua_isnoneornil(L, 1)) {
    double seconds = (double)luaL_checknumber(L, 1);
    seconds = seconds > 0 ? fmin(seconds, WAIT_MAX) : 0;
    deadline = eq_now_ns() + (int64_t)(seconds * (double)EQ_NS_PER_S);
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
