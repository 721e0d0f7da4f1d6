/*
 * sigpipe: our own writes raise no SIGPIPE.
 *
 * Laws of this file:
 * - the host's signal handlers stay as they are. With CURLOPT_NOSIGNAL
 *   libcurl leaves SIGPIPE to us, and up to 7.86 OpenSSL writes to the socket
 *   itself, without MSG_NOSIGNAL. There the signal is blocked, in this thread
 *   only, and a pending one that we caused is removed;
 * - every call of libcurl that may use the network is between the two
 *   functions. So the other thing that libcurl would leave behind in a thread
 *   is taken back here too: see tls_errors.h.
 */
#ifndef EQ_HTTP_SIGPIPE_H
#define EQ_HTTP_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct eq_sigpipe {
  bool tls_marked; /* of eq_tls_errors_mark */
  bool blocked;    /* by us */
  sigset_t mask;   /* the thread's mask before */
};

/* Blocks SIGPIPE in this thread, where that is needed, until the release. */
void eq_sigpipe_block(struct eq_sigpipe *state);
void eq_sigpipe_release(const struct eq_sigpipe *state);

#endif
