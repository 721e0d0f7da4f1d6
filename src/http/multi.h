/*
 * multi: transfers side by side on one libcurl multi handle.
 *
 * Laws of this file:
 * - one pool of connections for all transfers of a handle, single ones
 *   included; transfers that ended wait, configured, for the next request;
 * - one OS thread at a time uses it; waiting blocks that thread;
 * - a transfer for which its origin has no room waits here, parked, until
 *   another one has ended; a server's limit of streams is no error;
 * - a transfer whose deadline is over ends, although libcurl may not say so,
 *   and so does, within a second, one whose connection is dead;
 * - what a step costs depends on what is ready, not on what is under way;
 * - the owner decides how long transfers stay under way: those of handle.c
 *   are over when a call returns, those of an engine go on between calls;
 * - it belongs to the process that made it. In a forked child the handles are
 *   abandoned: to free them would send a close (of TLS, of HTTP/2) on sockets
 *   that the parent goes on using, and to use them would mix up the responses
 *   of both.
 */
#ifndef EQ_HTTP_MULTI_H
#define EQ_HTTP_MULTI_H

#include "http/curl_events.h"
#include "http/transfer.h"

struct eq_multi {
  CURLM *multi;                 /* owned; NULL until the first transfer */
  unsigned process;             /* eq_fork_generation when it was made */
  long most;                    /* transfers that it was entered for */
  struct eq_transfer *idle;     /* owned; configured, without a request */
  struct eq_transfer *active;   /* owned; taken */
  struct eq_pool pool;          /* its connections */
  size_t running;               /* transfers that were added */
  size_t parked;                /* of those: not with libcurl */
  struct eq_curl_events events; /* its sockets and its timer */
  int64_t late_at;    /* on eq_tick_ns: when to look for what is to end */
  unsigned no_memory; /* the eq_curl_memory_failures() that were looked at */
};

/* Empty; allocates nothing. */
void eq_multi_init(struct eq_multi *multi);

/*
 * To be called before transfers are taken: makes the multi handle, anew in a
 * forked child, for n transfers at a time.
 */
CURLcode eq_multi_enter(struct eq_multi *multi, long n);

/* A transfer to be started; NULL: no memory. */
struct eq_transfer *eq_multi_take(struct eq_multi *multi);

/* Hands a started transfer to libcurl. False: it has failed. */
bool eq_multi_add(struct eq_multi *multi, struct eq_transfer *transfer);

/* Whether a new transfer would only wait for the others of its origin. */
bool eq_multi_is_full(const struct eq_multi *multi);

/*
 * Sends and receives what is possible without waiting. Returns a transfer
 * that has ended, finished, or NULL. At least one must have been added.
 */
struct eq_transfer *eq_multi_step(struct eq_multi *multi);

/*
 * Waits until there is something to do in the next step, `ms` milliseconds at
 * most (-1: a second). NULL, or a transfer that failed.
 */
struct eq_transfer *eq_multi_wait(struct eq_multi *multi, int ms);

/*
 * To be called after the last step: from now on the descriptor of
 * events.readiness is readable when a step has something to do; at once with
 * `now`, and at the time `at`. NULL, or a transfer that failed.
 */
struct eq_transfer *eq_multi_arm(struct eq_multi *multi, bool now, int64_t at);

/*
 * Steps and waits until a transfer ends, and returns it, finished. At least
 * one must have been added.
 */
struct eq_transfer *eq_multi_next(struct eq_multi *multi);

/* The result of the transfer was read: it is idle again. */
void eq_multi_release(struct eq_multi *multi, struct eq_transfer *transfer);

/* A cleared transfer that was taken out of its list is idle again. */
void eq_multi_keep(struct eq_multi *multi, struct eq_transfer *transfer);

/* Ends a transfer without a result, whatever it is doing. */
void eq_multi_stop(struct eq_multi *multi, struct eq_transfer *transfer);

/* The same, and it is idle again. */
void eq_multi_drop(struct eq_multi *multi, struct eq_transfer *transfer);

/* Cancels all that are under way. Harmless when none is. */
void eq_multi_cancel(struct eq_multi *multi);

/* Cancels all and closes the connections. Harmless on an empty one. */
void eq_multi_close(struct eq_multi *multi);

#endif
