/*
 * termination: the laws are in termination.h.
 */
#include "program/termination.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/compat.h"
#include "core.h"

/* What the handlers read is written before they are installed. */
static int ends[2] = {-1, -1}; /* of the pipe: read, write */
static unsigned limit;         /* seconds from the first signal to the end */
static pid_t owner;            /* the process that called core.on_term */
static volatile sig_atomic_t requested;

int eq_termination_fd(void)
{
  return ends[0];
}

static void on_alarm(int number)
{
  (void)number;
  _exit(0);
}

/* By now the signal has its default effect again (SA_RESETHAND). */
static void on_term(int number)
{
  int os = errno;
  if (getpid() != owner || requested) {
    (void)raise(number); /* comes when this handler returns */
  } else {
    requested = 1;
    (void)alarm(limit);
    ssize_t written = write(ends[1], "", 1); /* full: it is readable */
    (void)written;
  }
  errno = os;
}

/* A program that is started gets neither end; writing never waits. */
static bool ready_pipe(void)
{
  if (ends[0] != -1) {
    return true; /* from an earlier call */
  }
  int both[2];
  if (pipe(both) != 0) {
    return false;
  }
  for (int i = 0; i < 2; i++) {
    if (fcntl(both[i], F_SETFD, FD_CLOEXEC) == -1 ||
        fcntl(both[i], F_SETFL, O_NONBLOCK) == -1) {
      int os = errno;
      (void)close(both[0]); /* it holds no bytes yet */
      (void)close(both[1]);
      errno = os;
      return false;
    }
  }
  ends[0] = both[0];
  ends[1] = both[1];
  return true;
}

static bool install(int number, void (*handler)(int), int flags)
{
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  return sigemptyset(&action.sa_mask) == 0 &&
         sigaction(number, &action, NULL) == 0;
}

#define SECONDS_MAX 3600

/*
 * core.on_term(seconds) -> true | nil, message
 * From now on the first SIGTERM or SIGINT asks this process to terminate. It
 * has that many whole seconds (1 to 3600) for it; then it is ended, with
 * status 0. The second signal ends it at once. Uses SIGALRM, and ignores
 * SIGPIPE: a closed standard error does not end the process in the middle of
 * its work. For a program that owns its signals, never for a library.
 */
static int l_on_term(lua_State *L)
{
  lua_Integer seconds = luaL_checkinteger(L, 1);
  luaL_argcheck(L, seconds >= 1 && seconds <= SECONDS_MAX, 1,
                "1 to 3600 expected");
  limit = (unsigned)seconds;
  owner = getpid();
  const int once = (int)(SA_RESETHAND | SA_RESTART);
  if (!ready_pipe() || !install(SIGALRM, on_alarm, SA_RESTART) ||
      !install(SIGPIPE, SIG_IGN, 0) || !install(SIGTERM, on_term, once) ||
      !install(SIGINT, on_term, once)) {
    int os = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "signal handlers can't be installed (errno %d)", os);
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

/* core.termination_requested() -> whether a signal came since core.on_term */
static int l_termination_requested(lua_State *L)
{
  lua_pushboolean(L, requested);
  return 1;
}

int eq_open_termination(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"on_term", l_on_term},
      {"termination_requested", l_termination_requested},
      {NULL, NULL},
  };
  eq_newlib(L, functions);
  return 1;
}
