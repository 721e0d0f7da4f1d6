/*
 * sigpipe: no SIGPIPE out of our own writes.
 *
 * Law of this file: the host's signal handlers stay as they are. With
 * CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us, and up to 7.86 OpenSSL
 * writes to the socket itself, without MSG_NOSIGNAL. There the signal is held
 * back, for this thread only, and one that we caused is taken away.
 */
#ifndef EQ_HTTP_SIGPIPE_H
#define EQ_HTTP_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct eq_sigpipe {
  bool held;     /* by us */
  sigset_t mask; /* the thread's mask before */
};

/* Holds SIGPIPE back in this thread, where needed, until the release. */
void eq_sigpipe_hold(struct eq_sigpipe *state);
void eq_sigpipe_release(const struct eq_sigpipe *state);

#endif
