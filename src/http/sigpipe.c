/*
 * sigpipe: the law is in sigpipe.h.
 */
#include "http/sigpipe.h"

#include <errno.h>
#include <time.h>

#include "http/curl_init.h"
#include "http/tls_errors.h"

static void only_sigpipe(sigset_t *set)
{
  /* Both fail for invalid signal numbers only. */
  (void)sigemptyset(set);
  (void)sigaddset(set, SIGPIPE);
}

void eq_sigpipe_block(struct eq_sigpipe *state)
{
  sigset_t sigpipe;
  state->tls_marked = eq_tls_errors_mark();
  state->blocked = false;
  if (!eq_curl_has_sigpipe()) {
    return;
  }
  only_sigpipe(&sigpipe);
  if (pthread_sigmask(SIG_BLOCK, &sigpipe, &state->mask) == 0) {
    /* If the host has blocked it, a pending one belongs to the host. */
    state->blocked = sigismember(&state->mask, SIGPIPE) == 0;
  }
}

/*
 * Removes a pending signal, and never waits for one: a signal to the whole
 * process may go to another thread at any moment.
 */
static void remove_pending(void)
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
  eq_tls_errors_drop(state->tls_marked);
  if (!state->blocked) {
    return;
  }
  remove_pending();
  /* Fails for an invalid first argument only. */
  (void)pthread_sigmask(SIG_SETMASK, &state->mask, NULL);
}
