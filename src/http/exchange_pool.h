/*
 * exchange_pool: the exchanges of an engine, and its idle connections.
 *
 * Laws of this file:
 * - a connection is kept only after a whole exchange (exchange_run.h), for a
 *   few seconds, and looked at before it is used again: one that can be read
 *   was closed by the server, or is out of step;
 * - an exchange that is dropped, or late, closes its connection: its reply
 *   would be the next one's;
 * - the driver of the engine uses it, on the sockets and the timer of its
 *   multi handle (curl_events.h);
 * - in a forked child all of it is abandoned, as in multi.h: to close a
 *   connection would end the parent's TLS on it.
 */
#ifndef EQ_HTTP_EXCHANGE_POOL_H
#define EQ_HTTP_EXCHANGE_POOL_H

#include "http/curl_events.h"
#include "http/exchange_run.h"

struct eq_exchange_pool {
  struct eq_curl_events *events;  /* borrowed */
  struct eq_exchange_run *active; /* not over */
  struct eq_exchange_run *ended;  /* not returned by eq_exchange_pool_next */
  struct eq_exchange_link *idle;  /* owned; the newest first */
};

/* Empty; allocates nothing. */
void eq_exchange_pool_init(struct eq_exchange_pool *pool,
                           struct eq_curl_events *events);

/* Begins one for an order, by that deadline (on eq_coarse_ns; INT64_MAX:
 * none). NULL: no memory. The events must be open. */
struct eq_exchange_run *
eq_exchange_pool_begin(struct eq_exchange_pool *pool, struct eq_order *order,
                       const struct eq_exchange *exchange, int64_t deadline);

/* Goes on with all that the last wait has seen, and what is late. */
void eq_exchange_pool_step(struct eq_exchange_pool *pool);

/* One that is over, and out of the pool; or NULL. */
struct eq_exchange_run *eq_exchange_pool_next(struct eq_exchange_pool *pool);

/* Takes out one that is not over, and closes its connection. */
void eq_exchange_pool_drop(struct eq_exchange_pool *pool,
                           struct eq_exchange_run *run);

/* Closes the idle connections. No exchange is under way. */
void eq_exchange_pool_close(struct eq_exchange_pool *pool);

/* In a forked child: it is empty. */
void eq_exchange_pool_abandon(struct eq_exchange_pool *pool);

#endif
