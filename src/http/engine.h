/*
 * engine: transfers that are under way between two calls, on one multi handle.
 *
 * Laws of this file:
 * - a transfer is an order from its start until its result was taken: queued,
 *   begun, ended. Orders are begun in their order, `at_most` are under way;
 * - one thread starts orders, cancels them and takes their results. The same
 *   or another one drives: only it uses the multi handle, and only while it
 *   holds the drive. What both touch is under the lock;
 * - an order is freed when its result was taken, never while libcurl may read
 *   its request: the request of a cancelled one lives until it has ended;
 * - the time in the queue counts: an order that was not begun by its deadline
 *   ends with that error;
 * - it belongs to the process that began the orders: in a forked child there
 *   are none.
 */
#ifndef EQ_HTTP_ENGINE_H
#define EQ_HTTP_ENGINE_H

#include <pthread.h>

#include "http/exchange_pool.h"
#include "http/multi.h"
#include "http/order_list.h"

/* Orders that are begun in one step: others have their turn in between. */
#define EQ_ENGINE_PACE 16

struct eq_engine {
  pthread_mutex_t lock;
  pthread_cond_t left;    /* the drive is free */
  unsigned users;         /* whose pointers are in use; under the registry's */
  unsigned id;            /* for eq_engine_find; 0: none */
  unsigned process;       /* eq_fork_generation when it was made */
  struct eq_engine *next; /* in the registry */

  /* Under the lock. */
  bool driven;                /* a thread holds the drive */
  bool closing;               /* the driver leaves */
  bool exposed;               /* a foreign loop may watch the descriptor */
  bool blocked;               /* the driver waits for an event */
  size_t at_most;             /* under way at once */
  struct eq_order_list queue; /* not begun */
  struct eq_order_list ended; /* whose results were not taken */
  size_t cancelled;           /* begun ones that are to be dropped */
  size_t begun;               /* under way */
  struct eq_transfer *spare;  /* owned; whose results were taken */

  /* Of the driver. */
  struct eq_multi multi;
  struct eq_exchange_pool exchanges; /* on the events of multi */
  int64_t expire_at; /* on eq_coarse_ns: when the queue is looked at */
  bool hot;          /* the last look found something */
};

/* A lock that is used rightly fails on no system. */
static inline void eq_engine_lock(struct eq_engine *engine)
{
  (void)pthread_mutex_lock(&engine->lock);
}

static inline void eq_engine_unlock(struct eq_engine *engine)
{
  (void)pthread_mutex_unlock(&engine->lock);
}

/* An engine with one user. NULL: no memory. */
struct eq_engine *eq_engine_new(void);

/* Ends the use by one; the last one closes and frees it. */
void eq_engine_leave(struct eq_engine *engine);

/* Cancels everything and closes the connections; waits for the driver. */
void eq_engine_close(struct eq_engine *engine);

/* A number by which other threads of this process find it (0: libcurl can't be
 * had), and the engine of such a number, with one user more; NULL: it is gone.
 */
unsigned eq_engine_publish(struct eq_engine *engine);
struct eq_engine *eq_engine_find(unsigned id);

/* In a forked child: forgets what belongs to the parent; true: it did. */
bool eq_engine_check_fork(struct eq_engine *engine);

/* What is to be done: one of the two, borrowed until the order has ended. */
struct eq_task {
  const struct eq_request *request;
  const struct eq_exchange *exchange;
};

/* Starts an order; NULL: no memory. */
struct eq_order *eq_engine_start(struct eq_engine *engine, int number,
                                 struct eq_task task, double seconds);

/* Cancels an order of which no result was taken; *begun: it was under way.
 * True: it is gone; false: its request is in use until eq_engine_ended returns
 * it. */
bool eq_engine_cancel(struct eq_engine *engine, struct eq_order *order,
                      bool *begun);

/* So many are under way at once; 4096 by default. */
void eq_engine_limit(struct eq_engine *engine, size_t at_most);

/* Whether an order is queued, under way, or not taken. */
bool eq_engine_is_busy(struct eq_engine *engine);

/* An order that has ended, the oldest one; it stays. NULL: there is none. */
struct eq_order *eq_engine_ended(struct eq_engine *engine);

/* Frees the order that eq_engine_ended has returned. */
void eq_engine_taken(struct eq_engine *engine, struct eq_order *order);

/*
 * Begins `limit` orders at most, then sends and receives what is possible
 * without waiting. With `arm` the descriptor is readable from now on when
 * there is something to do. False: another thread drives.
 */
bool eq_engine_step(struct eq_engine *engine, size_t limit, bool arm);

/*
 * Steps and waits until orders have ended, nothing is under way, or that time
 * (ms) is over. For any one thread. False: another thread drives.
 */
bool eq_engine_drive(struct eq_engine *engine, int ms);

/* The descriptor to watch; -1: libcurl can't be used. */
int eq_engine_fd(struct eq_engine *engine);

#endif
