/*
 * exchange_pool: the laws are in exchange_pool.h.
 */
#include "http/exchange_pool.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/easy_options.h"

/* So many connections may be idle. */
#define IDLE_MAX 16

/* Deadlines are on a clock that is a few milliseconds coarse. */
#define SLACK_NS (5 * EQ_NS_PER_MS)

void eq_exchange_pool_init(struct eq_exchange_pool *pool,
                           struct eq_curl_events *events)
{
  *pool = (struct eq_exchange_pool){.events = events};
}

/* ------------------------------------------------------------------- lists */

static void add(struct eq_exchange_run **list, struct eq_exchange_run *run)
{
  run->next = *list;
  run->link = list;
  if (run->next != NULL) {
    run->next->link = &run->next;
  }
  *list = run;
}

static void take_out(struct eq_exchange_run *run)
{
  *run->link = run->next;
  if (run->next != NULL) {
    run->next->link = run->link;
  }
  run->next = NULL;
  run->link = NULL;
}

/* -------------------------------------------------------- idle connections */

static bool is_young(const struct eq_exchange_link *one, double seconds)
{
  return (double)(eq_now_ns() - one->idle_since) <=
         seconds * (double)EQ_NS_PER_S;
}

/* Those that were idle for too long, and those that are too many. */
static void tidy(struct eq_exchange_pool *pool)
{
  struct eq_exchange_link **link = &pool->idle;
  for (int n = 0; *link != NULL; n++) {
    struct eq_exchange_link *one = *link;
    if (n < IDLE_MAX && is_young(one, EQ_EXCHANGE_IDLE)) {
      link = &one->next;
      continue;
    }
    *link = one->next;
    eq_exchange_link_close(one);
  }
}

static void keep(struct eq_exchange_pool *pool, struct eq_exchange_link *one)
{
  (void)eq_exchange_link_want(one, 0); /* fails for no known socket */
  one->run = NULL;
  one->idle_since = eq_now_ns();
  one->next = pool->idle;
  pool->idle = one;
}

/* A sound one for that exchange, or NULL. */
static struct eq_exchange_link *reuse(struct eq_exchange_pool *pool,
                                      const struct eq_exchange *exchange)
{
  struct eq_exchange_link **link = &pool->idle;
  tidy(pool);
  while (*link != NULL) {
    struct eq_exchange_link *one = *link;
    if (!eq_exchange_link_fits(one, exchange)) {
      link = &one->next;
      continue;
    }
    *link = one->next;
    one->next = NULL;
    if (is_young(one, exchange->max_idle) &&
        eq_exchange_link_is_sound(one, exchange)) {
      return one;
    }
    eq_exchange_link_close(one);
  }
  return NULL;
}

/* ------------------------------------------------------------ one exchange */

/* When it is to be looked at. */
static void look_at(struct eq_exchange_pool *pool,
                    const struct eq_exchange_run *run)
{
  int64_t at = run->until;
  if (run->phase == EQ_EXCHANGE_CONNECTS && run->one->timer_at < at) {
    at = run->one->timer_at;
  }
  if (at < pool->events->also_at) {
    pool->events->also_at = at;
  }
}

/* After each thing that was done with it: it goes on, or is over. */
static void settle(struct eq_exchange_pool *pool, struct eq_exchange_run *run)
{
  if (run->phase != EQ_EXCHANGE_OVER) {
    look_at(pool, run);
    return;
  }
  if (run->one != NULL && run->reusable && run->exchange->max_idle > 0) {
    keep(pool, run->one);
  } else {
    eq_exchange_link_close(run->one);
  }
  run->one = NULL;
  take_out(run);
  add(&pool->ended, run);
}

/* Goes on connecting. */
static void connect_on(struct eq_exchange_run *run, curl_socket_t ready,
                       int events)
{
  CURLcode result = CURLE_OK;
  if (!eq_exchange_link_step(run->one, ready, events, &result)) {
    return;
  }
  if (result == CURLE_OK) {
    eq_exchange_run_begin(run);
  } else {
    eq_exchange_run_fail(run, EQ_EXCHANGE_LIBCURL, result);
  }
}

static void make_connection(struct eq_exchange_pool *pool,
                            struct eq_exchange_run *run)
{
  const struct eq_exchange *exchange = run->exchange;
  double seconds = exchange->connect_timeout;
  CURLcode reason;
  if (exchange->login == NULL) {
    eq_exchange_run_fail(run, EQ_EXCHANGE_NO_CONNECTION, CURLE_OK);
    return;
  }
  if (seconds < EQ_DEADLINE_MAX) {
    int64_t until = run->begun + (int64_t)(seconds * (double)EQ_NS_PER_S);
    run->until = until < run->deadline ? until : run->deadline;
  }
  if (run->until != INT64_MAX) {
    seconds = (double)(run->until - run->begun) / (double)EQ_NS_PER_S;
  }
  run->one =
      eq_exchange_link_new(&pool->events->readiness, exchange,
                           eq_easy_options_ms(fmax(seconds, 0.001)), &reason);
  if (run->one == NULL || reason != CURLE_OK) {
    eq_exchange_run_fail(run, EQ_EXCHANGE_LIBCURL, reason);
    return;
  }
  run->one->run = run;
  connect_on(run, CURL_SOCKET_TIMEOUT, 0);
}

/* A kept connection may end while it is written to: as long as nothing of it
 * left, another one does as well. */
static bool is_void(const struct eq_exchange_run *run)
{
  return run->kept && run->failed && !run->maybe_sent &&
         run->deadline > eq_tick_ns();
}

static void begin(struct eq_exchange_pool *pool, struct eq_exchange_run *run)
{
  run->one = reuse(pool, run->exchange);
  run->kept = run->one != NULL;
  if (!run->kept) {
    make_connection(pool, run);
    return;
  }
  run->one->run = run;
  eq_exchange_run_begin(run);
}

struct eq_exchange_run *
eq_exchange_pool_begin(struct eq_exchange_pool *pool, struct eq_order *order,
                       const struct eq_exchange *exchange, int64_t deadline)
{
  struct eq_exchange_run *run = eq_exchange_run_new(
      exchange, deadline == INT64_MAX ? INT64_MAX : deadline + SLACK_NS);
  if (run == NULL) {
    return NULL;
  }
  run->order = order;
  add(&pool->active, run);
  begin(pool, run);
  while (is_void(run)) {
    eq_exchange_link_close(run->one);
    run->failed = false;
    run->phase = EQ_EXCHANGE_CONNECTS;
    begin(pool, run);
  }
  settle(pool, run);
  return run;
}

/* -------------------------------------------------------------------- steps
 */

static int mask_of(unsigned ready)
{
  int mask = (ready & EQ_READABLE) != 0 ? CURL_CSELECT_IN : 0;
  mask |= (ready & EQ_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
  return mask;
}

static void on_ready(struct eq_exchange_pool *pool,
                     struct eq_exchange_link *one, const struct eq_ready *it)
{
  struct eq_exchange_run *run = one->run;
  if (run == NULL) {
    return; /* idle: it is looked at before it is used */
  }
  if (run->phase == EQ_EXCHANGE_CONNECTS) {
    connect_on(run, it->fd, mask_of(it->events));
  } else {
    eq_exchange_run_go(run);
  }
  settle(pool, run);
}

/* Takes our sockets out of what is ready, and goes on with them. */
static void serve_ready(struct eq_exchange_pool *pool)
{
  struct eq_curl_events *events = pool->events;
  int left = 0;
  for (int i = 0; i < events->ready_n; i++) {
    const struct eq_ready it = events->ready[i];
    /* Whose it is now: an earlier one of these may have closed it. */
    void *owner = eq_readiness_owner(&events->readiness, it.fd);
    if (owner != NULL) {
      on_ready(pool, owner, &it);
    } else {
      events->ready[left++] = it;
    }
  }
  events->ready_n = left;
}

static void serve_timers(struct eq_exchange_pool *pool)
{
  int64_t now = eq_tick_ns();
  if (now < pool->events->also_at) {
    return;
  }
  pool->events->also_at = INT64_MAX;
  struct eq_exchange_run *next = pool->active;
  while (next != NULL) {
    struct eq_exchange_run *run = next;
    next = run->next;
    if (run->until <= now) {
      eq_exchange_run_fail(run, EQ_EXCHANGE_LATE, CURLE_OK);
    } else if (run->phase == EQ_EXCHANGE_CONNECTS &&
               run->one->timer_at <= now) {
      connect_on(run, CURL_SOCKET_TIMEOUT, 0);
    }
    settle(pool, run);
  }
}

/* Nothing can be watched any more: what is under way can't end. */
static void fail_all(struct eq_exchange_pool *pool)
{
  while (pool->active != NULL) {
    struct eq_exchange_run *run = pool->active;
    eq_exchange_run_fail(run, EQ_EXCHANGE_LIBCURL, CURLE_OUT_OF_MEMORY);
    settle(pool, run);
  }
  eq_exchange_pool_close(pool);
}

void eq_exchange_pool_step(struct eq_exchange_pool *pool)
{
  if (pool->events->broken) {
    fail_all(pool);
    return;
  }
  serve_ready(pool);
  serve_timers(pool);
}

struct eq_exchange_run *eq_exchange_pool_next(struct eq_exchange_pool *pool)
{
  struct eq_exchange_run *run = pool->ended;
  if (run != NULL) {
    take_out(run);
  }
  return run;
}

/* --------------------------------------------------------------------- ends
 */

void eq_exchange_pool_drop(struct eq_exchange_pool *pool,
                           struct eq_exchange_run *run)
{
  (void)pool;
  take_out(run);
  eq_exchange_link_close(run->one);
  run->one = NULL;
}

void eq_exchange_pool_close(struct eq_exchange_pool *pool)
{
  while (pool->idle != NULL) {
    struct eq_exchange_link *one = pool->idle;
    pool->idle = one->next;
    eq_exchange_link_close(one);
  }
}

struct abandoned {
  struct eq_exchange_pool pool;
  struct abandoned *next;
};

static struct abandoned *_Atomic abandoned;

void eq_exchange_pool_abandon(struct eq_exchange_pool *pool)
{
  struct abandoned *entry =
      pool->active == NULL && pool->idle == NULL && pool->ended == NULL
          ? NULL
          : malloc(sizeof *entry);
  if (entry != NULL) { /* else a leak checker complains, and that is all */
    entry->pool = *pool;
    entry->next = atomic_load(&abandoned);
    while (!atomic_compare_exchange_weak(&abandoned, &entry->next, entry)) {
    }
  }
  eq_exchange_pool_init(pool, pool->events);
}
