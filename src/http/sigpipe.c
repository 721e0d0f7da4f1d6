/*
 * sigpipe: the law is in sigpipe.h.
 */
#include "http/sigpipe.h"

#include <errno.h>
#include <time.h>

#include "base/fork.h"

static void only_sigpipe(sigset_t *set)
{
  /* Both fail for invalid signal numbers only. */
  (void)sigemptyset(set);
  (void)sigaddset(set, SIGPIPE);
}

void eq_sigpipe_hold(struct eq_sigpipe *state)
{
  sigset_t sigpipe;
  state->held = false;
  if (!eq_process_has_sigpipe()) {
    return;
  }
  only_sigpipe(&sigpipe);
  if (pthread_sigmask(SIG_BLOCK, &sigpipe, &state->mask) == 0) {
    /* One that the host holds back, and may have pending, is the host's. */
    state->held = sigismember(&state->mask, SIGPIPE) == 0;
  }
}

/*
 * Takes a pending one away, and never waits for it: one that was sent to the
 * process may go to another thread at any moment.
 */
static void take_pending(void)
{
  sigset_t sigpipe;
  only_sigpipe(&sigpipe);
#ifdef __APPLE__ /* has no other call */
  sigset_t pending;
  int signal_number;
  if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1) {
    (void)sigwait(&sigpipe, &signal_number);
  }
#else
  const struct timespec at_once = {0, 0};
  while (sigtimedwait(&sigpipe, NULL, &at_once) == -1 && errno == EINTR) {
  }
#endif
}

void eq_sigpipe_release(const struct eq_sigpipe *state)
{
  if (!state->held) {
    return;
  }
  take_pending();
  /* Fails for an invalid first argument only. */
  (void)pthread_sigmask(SIG_SETMASK, &state->mask, NULL);
}
