/*
 * signals: what a parent left ignored or blocked has its effect again.
 *
 * Law of this file: only a command calls it, never the library: in any other
 * program the signals belong to the host. A program that was started with a
 * signal ignored ignores it too, a shell for ever (POSIX), and with SIGCHLD
 * ignored nothing can wait for a child. What is ignored on purpose stays so:
 * SIGINT and SIGQUIT, which shells ignore in their background jobs, and
 * SIGHUP (nohup), unless it does not end this program.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"
#include "core.h"

static bool reset(int number)
{
  struct sigaction action;
  if (sigaction(number, NULL, &action) != 0) {
    return false;
  }
  if (action.sa_handler != SIG_IGN) {
    return true; /* the default, or a handler of the host */
  }
  action = (struct sigaction){.sa_handler = SIG_DFL};
  return sigemptyset(&action.sa_mask) == 0 &&
         sigaction(number, &action, NULL) == 0;
}

static bool unblock_all(void)
{
  sigset_t none;
  return sigemptyset(&none) == 0 &&
         pthread_sigmask(SIG_SETMASK, &none, NULL) == 0;
}

/*
 * core.default_signals([hup]) -> true | nil, message
 * Signals that were ignored when this process started get their default
 * effect, HUP only with true, INT and QUIT never; and no signal is blocked.
 * Programs that are started from now on get the same.
 */
static int l_default_signals(lua_State *L)
{
  static const int numbers[] = {SIGTERM, SIGCHLD, SIGPIPE,
                                SIGALRM, SIGUSR1, SIGUSR2};
  bool ok = !lua_toboolean(L, 1) || reset(SIGHUP);
  for (size_t i = 0; ok && i < sizeof numbers / sizeof *numbers; i++) {
    ok = reset(numbers[i]);
  }
  if (!ok || !unblock_all()) {
    int os = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "signals can't be reset (errno %d)", os);
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

int eq_open_signals(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"default_signals", l_default_signals},
      {NULL, NULL},
  };
  eq_newlib(L, functions);
  return 1;
}
