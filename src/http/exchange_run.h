/*
 * exchange_run: one exchange under way, and its result.
 *
 * Laws of this file:
 * - on a new connection the login goes first, and `send` only after all of its
 *   replies came and none was an error;
 * - without TLS, to a port, a login is not sent before the server has shown
 *   that it speaks the protocol: a PING goes first. On a port that speaks TLS
 *   the password would be on the wire in plain;
 * - its connection may be kept only if every reply was whole and nothing
 *   followed;
 * - the result is of no connection: it outlives it, and any thread may free
 *   it.
 */
#ifndef EQ_HTTP_EXCHANGE_RUN_H
#define EQ_HTTP_EXCHANGE_RUN_H

#include "http/exchange_error.h"
#include "http/exchange_link.h"
#include "http/exchange_replies.h"

struct eq_order;

enum eq_exchange_phase {
  EQ_EXCHANGE_CONNECTS,
  EQ_EXCHANGE_PROBES,
  EQ_EXCHANGE_LOGS_IN,
  EQ_EXCHANGE_SENDS,
  EQ_EXCHANGE_OVER
};

struct eq_exchange_run {
  struct eq_exchange_run *next;  /* in a list of the pool */
  struct eq_exchange_run **link; /* what points to it there */
  struct eq_order *order;
  const struct eq_exchange *exchange; /* borrowed until it has ended */
  struct eq_exchange_link *one;       /* owned until it has ended, or NULL */
  enum eq_exchange_phase phase;
  size_t sent;        /* bytes of this phase */
  unsigned no_memory; /* eq_curl_memory_failures() at its begin */
  int64_t begun;      /* these three are on eq_tick_ns */
  int64_t until;      /* this phase has to end by then */
  int64_t deadline;   /* INT64_MAX: none */
  struct eq_replies replies;
  bool heard; /* something came */

  /* The result. */
  bool kept;         /* it went out on an old connection */
  bool maybe_sent;   /* a byte of `send` may have left */
  bool login_failed; /* the replies are those of the login */
  bool reusable;     /* the connection may be kept */
  bool failed;       /* if so the error counts */
  double elapsed;    /* seconds */
  struct eq_error error;
};

/* NULL: no memory. */
struct eq_exchange_run *eq_exchange_run_new(const struct eq_exchange *exchange,
                                            int64_t deadline);

/* It has that connection now, a new one (which is connected) or a kept one:
 * sends and receives what is possible. */
void eq_exchange_run_begin(struct eq_exchange_run *run);

/* Its socket is ready: goes on, until it is over or has to wait. */
void eq_exchange_run_go(struct eq_exchange_run *run);

/* Ends it with an error. */
void eq_exchange_run_fail(struct eq_exchange_run *run,
                          enum eq_exchange_cause cause, CURLcode result);

/* Wipes and frees it; its connection is no longer its own. Harmless for
 * NULL. */
void eq_exchange_run_free(struct eq_exchange_run *run);

#endif
