/*
 * sigpipe: the law is in sigpipe.h.
 */
#include "sigpipe.h"

#include "process.h"

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

void eq_sigpipe_release(const struct eq_sigpipe *state)
{
  sigset_t pending;
  if (!state->held) {
    return;
  }
  if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1) {
    sigset_t sigpipe;
    int signal_number;
    only_sigpipe(&sigpipe);
    (void)sigwait(&sigpipe, &signal_number); /* pending: returns at once */
  }
  /* Fails for an invalid first argument only. */
  (void)pthread_sigmask(SIG_SETMASK, &state->mask, NULL);
}
