/*
 * engine: the laws are in engine.h.
 */
#include "http/engine.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fork.h"

/* More would only wait for the network, and for each other. */
#define AT_MOST 4096

/* ------------------------------------------------------- life of an engine */

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static struct eq_engine *engines; /* those with an id */
static unsigned last_id;

struct eq_engine *eq_engine_new(void)
{
  struct eq_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    return NULL;
  }
  if (pthread_mutex_init(&engine->lock, NULL) != 0) {
    free(engine);
    return NULL;
  }
  if (pthread_cond_init(&engine->left, NULL) != 0) {
    (void)pthread_mutex_destroy(&engine->lock);
    free(engine);
    return NULL;
  }
  engine->users = 1;
  engine->at_most = AT_MOST;
  engine->process = eq_fork_generation();
  eq_order_list_init(&engine->queue);
  eq_order_list_init(&engine->ended);
  eq_multi_init(&engine->multi);
  eq_exchange_pool_init(&engine->exchanges, &engine->multi.events);
  return engine;
}

/* All transfers are the multi handle's again, and all orders are gone. */
static void give_up_all(struct eq_engine *engine)
{
  struct eq_order *order = engine->ended.first;
  for (; order != NULL; order = order->next) {
    if (order->transfer != NULL) {
      eq_multi_keep(&engine->multi, order->transfer);
    }
  }
  while (engine->spare != NULL) {
    struct eq_transfer *transfer = engine->spare;
    engine->spare = transfer->next;
    eq_multi_keep(&engine->multi, transfer);
  }
  eq_order_list_free(&engine->queue);
  eq_order_list_free(&engine->ended);
  engine->begun = 0;
  engine->cancelled = 0;
}

bool eq_engine_check_fork(struct eq_engine *engine)
{
  if (engine->process == eq_fork_generation()) {
    return false;
  }
  /* A thread of the parent may have held the lock, or the drive. */
  (void)pthread_mutex_init(&engine->lock, NULL);
  (void)pthread_cond_init(&engine->left, NULL);
  engine->driven = false;
  engine->process = eq_fork_generation();
  eq_exchange_pool_abandon(&engine->exchanges);
  give_up_all(engine);
  eq_multi_close(&engine->multi); /* sends nothing */
  return true;
}

/* Waits until no thread drives, and takes the drive. */
static void seize(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  engine->closing = true;
  while (engine->driven) {
    eq_readiness_wake(&engine->multi.events.readiness);
    (void)pthread_cond_wait(&engine->left, &engine->lock);
  }
  eq_engine_unlock(engine);
}

/* Under way: the multi handle frees the transfers, but not their orders. */
static void free_begun(struct eq_engine *engine)
{
  struct eq_transfer *transfer = engine->multi.active;
  for (; transfer != NULL; transfer = transfer->next) {
    free(transfer->order);
  }
}

/* The same of exchanges, which belong to their orders. */
static void drop_exchanges(struct eq_engine *engine)
{
  struct eq_exchange_run *run;
  while ((run = engine->exchanges.active) != NULL) {
    eq_exchange_pool_drop(&engine->exchanges, run);
    eq_order_free(run->order);
  }
  while ((run = eq_exchange_pool_next(&engine->exchanges)) != NULL) {
    eq_order_free(run->order);
  }
  eq_exchange_pool_close(&engine->exchanges);
}

/* From now on no other thread finds it. */
static void withdraw(struct eq_engine *engine)
{
  (void)pthread_mutex_lock(&registry);
  struct eq_engine **link = &engines;
  while (*link != NULL && *link != engine) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    *link = engine->next;
  }
  (void)pthread_mutex_unlock(&registry);
}

void eq_engine_close(struct eq_engine *engine)
{
  withdraw(engine);
  (void)eq_engine_check_fork(engine);
  seize(engine);
  free_begun(engine);
  drop_exchanges(engine);
  give_up_all(engine);
  eq_multi_close(&engine->multi);
  /* A thread that had found it may drive it from here on: it is empty. */
  eq_engine_lock(engine);
  engine->closing = false;
  eq_engine_unlock(engine);
}

void eq_engine_leave(struct eq_engine *engine)
{
  (void)pthread_mutex_lock(&registry);
  bool last = --engine->users == 0;
  (void)pthread_mutex_unlock(&registry);
  if (last) {
    eq_engine_close(engine);
    (void)pthread_cond_destroy(&engine->left);
    (void)pthread_mutex_destroy(&engine->lock);
    free(engine);
  }
}

unsigned eq_engine_publish(struct eq_engine *engine)
{
  if (eq_engine_fd(engine) == -1) {
    return 0;
  }
  (void)pthread_mutex_lock(&registry);
  if (engine->id == 0) {
    engine->id = ++last_id;
    engine->next = engines;
    engines = engine;
  }
  (void)pthread_mutex_unlock(&registry);
  return engine->id;
}

struct eq_engine *eq_engine_find(unsigned id)
{
  (void)pthread_mutex_lock(&registry);
  struct eq_engine *engine = engines;
  while (engine != NULL && engine->id != id) {
    engine = engine->next;
  }
  if (engine != NULL) {
    engine->users++;
  }
  (void)pthread_mutex_unlock(&registry);
  return engine;
}

/* ------------------------------------------------------ starts and results */

/* Something changed for a driver that may be waiting. Under the lock. */
static void notify(struct eq_engine *engine)
{
  if (engine->blocked) {
    engine->blocked = false; /* once is enough */
    eq_readiness_wake(&engine->multi.events.readiness);
  }
}

/* Something changed: what drives is to step soon. Under the lock. */
static void ask_for_step(struct eq_engine *engine)
{
  if (engine->exposed && !engine->driven) {
    /* To set a timer in the past can't fail. */
    (void)eq_readiness_arm(&engine->multi.events.readiness, 0);
  } else {
    notify(engine);
  }
}

struct eq_order *eq_engine_start(struct eq_engine *engine, int number,
                                 struct eq_task task, double seconds)
{
  struct eq_order *order = calloc(1, sizeof *order);
  if (order == NULL) {
    return NULL;
  }
  order->number = number;
  order->request = task.request;
  order->exchange = task.exchange;
  order->deadline =
      seconds < EQ_DEADLINE_MAX
          ? eq_coarse_ns() + (int64_t)(fmax(seconds, 0) * (double)EQ_NS_PER_S)
          : INT64_MAX;
  eq_engine_lock(engine);
  eq_order_list_add(&engine->queue, order);
  ask_for_step(engine);
  eq_engine_unlock(engine);
  return order;
}

static bool cancel_queued(struct eq_engine *engine, struct eq_order *order)
{
  struct eq_order **link = &engine->queue.first;
  while (*link != NULL && *link != order) {
    link = &(*link)->next;
  }
  if (*link == NULL) {
    return false;
  }
  eq_order_list_remove(&engine->queue, link);
  eq_order_free(order);
  return true;
}

/* No thread drives: this one may. */
static void drop_begun(struct eq_engine *engine, struct eq_order *order)
{
  if (order->run != NULL) {
    eq_exchange_pool_drop(&engine->exchanges, order->run);
  } else {
    eq_multi_stop(&engine->multi, order->transfer);
    eq_multi_release(&engine->multi, order->transfer);
  }
  engine->begun--;
  eq_order_free(order);
}

bool eq_engine_cancel(struct eq_engine *engine, struct eq_order *order,
                      bool *begun)
{
  bool gone = false;
  eq_engine_lock(engine);
  *begun = order->state != EQ_ORDER_QUEUED && !order->late;
  if (order->state == EQ_ORDER_QUEUED) {
    gone = cancel_queued(engine, order);
  } else if (order->state == EQ_ORDER_BEGUN && !engine->driven) {
    drop_begun(engine, order);
    gone = true;
  } else {
    order->cancelled = true;
    engine->cancelled += order->state == EQ_ORDER_BEGUN;
  }
  ask_for_step(engine);
  eq_engine_unlock(engine);
  return gone;
}

void eq_engine_limit(struct eq_engine *engine, size_t at_most)
{
  eq_engine_lock(engine);
  engine->at_most = at_most;
  notify(engine);
  eq_engine_unlock(engine);
}

bool eq_engine_is_busy(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  bool busy = engine->queue.n > 0 || engine->begun > 0 || engine->ended.n > 0;
  eq_engine_unlock(engine);
  return busy;
}

struct eq_order *eq_engine_ended(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  struct eq_order *order = engine->ended.first;
  eq_engine_unlock(engine);
  return order;
}

void eq_engine_taken(struct eq_engine *engine, struct eq_order *order)
{
  struct eq_transfer *transfer = order->transfer;
  if (transfer != NULL) {
    eq_transfer_clear(transfer); /* outside of the lock: libcurl is done */
  }
  eq_engine_lock(engine);
  eq_order_list_remove(&engine->ended, &engine->ended.first);
  if (transfer != NULL) {
    transfer->next = engine->spare;
    engine->spare = transfer;
  }
  eq_engine_unlock(engine);
  eq_order_free(order);
}

int eq_engine_fd(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  bool open = eq_multi_enter(&engine->multi, 1) == CURLE_OK;
  engine->exposed = open;
  int fd = open ? engine->multi.events.readiness.fd : -1;
  eq_engine_unlock(engine);
  return fd;
}
