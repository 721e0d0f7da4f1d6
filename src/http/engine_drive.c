/*
 * engine_drive: the driver's half of an engine; the laws are in engine.h.
 */
#include "http/engine.h"

#include <limits.h>
#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "http/transfer_list.h"

/*
 * While so many are under way, and as long as each look finds something, a
 * driver sleeps so long between two looks: to be woken for each order and for
 * each response would cost more than to read it.
 */
#define TICK_FOR 8
#define TICK_NS (EQ_NS_PER_MS / 4)

/* How often the queue is searched for what is too late. */
#define EXPIRE_MS 250
#define EXPIRE_NS (EXPIRE_MS * EQ_NS_PER_MS)

/* Ended orders for which a driving thread comes back at once. */
#define BATCH 16

static bool take_drive(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  bool taken = !engine->driven && !engine->closing;
  engine->driven = engine->driven || taken;
  eq_engine_unlock(engine);
  return taken;
}

static void leave_drive(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  engine->driven = false;
  (void)pthread_cond_signal(&engine->left);
  eq_engine_unlock(engine);
}

/* The order is over, with its transfer or without one. */
static void end_order(struct eq_engine *engine, struct eq_order *order)
{
  if (order->transfer != NULL) {
    eq_transfer_list_remove(order->transfer);
  }
  eq_engine_lock(engine);
  engine->cancelled -= order->cancelled;
  engine->begun--;
  order->state = EQ_ORDER_ENDED;
  eq_order_list_add(&engine->ended, order);
  eq_engine_unlock(engine);
}

/* What Lua has read is idle again. */
static void take_spare(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  struct eq_transfer *transfer = engine->spare;
  engine->spare = NULL;
  eq_engine_unlock(engine);
  while (transfer != NULL) {
    struct eq_transfer *next = transfer->next;
    eq_multi_keep(&engine->multi, transfer);
    transfer = next;
  }
}

static bool is_cancelled(struct eq_engine *engine,
                         const struct eq_order *order)
{
  eq_engine_lock(engine);
  bool cancelled = order->cancelled;
  eq_engine_unlock(engine);
  return cancelled;
}

/* The connection of each is in the middle of a reply: it is closed. */
static void drop_cancelled_exchanges(struct eq_engine *engine, size_t n)
{
  struct eq_exchange_run *run = engine->exchanges.active;
  while (n > 0 && run != NULL) {
    struct eq_exchange_run *next = run->next;
    if (is_cancelled(engine, run->order)) {
      eq_exchange_pool_drop(&engine->exchanges, run);
      end_order(engine, run->order);
      n--;
    }
    run = next;
  }
}

static void drop_cancelled(struct eq_engine *engine)
{
  struct eq_transfer *transfer = engine->multi.active;
  eq_engine_lock(engine);
  size_t n = engine->cancelled;
  eq_engine_unlock(engine);
  while (n > 0 && transfer != NULL) {
    struct eq_transfer *next = transfer->next;
    if (is_cancelled(engine, transfer->order)) {
      eq_multi_stop(&engine->multi, transfer);
      end_order(engine, transfer->order);
      n--;
    }
    transfer = next;
  }
  drop_cancelled_exchanges(engine, n);
}

/* The next order that may begin, now counted as under way; or NULL. */
static struct eq_order *next_order(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  struct eq_order *order =
      engine->begun < engine->at_most ? engine->queue.first : NULL;
  if (order != NULL) {
    eq_order_list_remove(&engine->queue, &engine->queue.first);
    order->state = EQ_ORDER_BEGUN;
    engine->begun++;
  }
  eq_engine_unlock(engine);
  return order;
}

static double seconds_left(const struct eq_order *order)
{
  return order->deadline == INT64_MAX
             ? HUGE_VAL
             : (double)(order->deadline - eq_coarse_ns()) /
                   (double)EQ_NS_PER_S;
}

/* Its end is found by end_exchanges. */
static void begin_exchange(struct eq_engine *engine, struct eq_order *order)
{
  order->run = eq_exchange_pool_begin(&engine->exchanges, order,
                                      order->exchange, order->deadline);
  if (order->run == NULL) {
    order->reason = CURLE_OUT_OF_MEMORY;
    end_order(engine, order);
  }
}

static void end_exchanges(struct eq_engine *engine)
{
  struct eq_exchange_run *run;
  while ((run = eq_exchange_pool_next(&engine->exchanges)) != NULL) {
    end_order(engine, run->order);
  }
}

static void begin(struct eq_engine *engine, struct eq_order *order)
{
  struct eq_multi *multi = &engine->multi;
  if (order->deadline <= eq_coarse_ns()) {
    order->late = true;
    end_order(engine, order);
    return;
  }
  /* Another thread may wake the descriptor that this opens. */
  eq_engine_lock(engine);
  order->reason = eq_multi_enter(multi, (long)engine->begun);
  eq_engine_unlock(engine);
  if (order->reason == CURLE_OK && order->exchange != NULL) {
    begin_exchange(engine, order);
    return;
  }
  if (order->reason == CURLE_OK) {
    order->transfer = eq_multi_take(multi);
    order->reason = CURLE_OUT_OF_MEMORY;
  }
  if (order->transfer == NULL) {
    end_order(engine, order);
    return;
  }
  order->transfer->order = order;
  if (!eq_transfer_start(order->transfer, order->request,
                         seconds_left(order)) ||
      !eq_multi_add(multi, order->transfer)) {
    end_order(engine, order);
  }
}

/* Ends what has waited in the queue until its deadline. */
static void expire_queue(struct eq_engine *engine)
{
  int64_t now = eq_coarse_ns();
  if (now < engine->expire_at) {
    return;
  }
  engine->expire_at = now + EXPIRE_NS;
  eq_engine_lock(engine);
  struct eq_order **link = &engine->queue.first;
  while (*link != NULL) {
    struct eq_order *order = *link;
    if (order->deadline > now) {
      link = &order->next;
      continue;
    }
    eq_order_list_remove(&engine->queue, link);
    order->late = true;
    order->state = EQ_ORDER_ENDED;
    eq_order_list_add(&engine->ended, order);
  }
  eq_engine_unlock(engine);
}

/* Begins, and does all that the last wait has seen. */
static void work(struct eq_engine *engine, size_t limit)
{
  struct eq_order *order;
  struct eq_transfer *transfer;
  take_spare(engine);
  drop_cancelled(engine);
  eq_exchange_pool_step(&engine->exchanges);
  for (; limit > 0 && (order = next_order(engine)) != NULL; limit--) {
    begin(engine, order);
  }
  expire_queue(engine);
  while (engine->multi.multi != NULL &&
         (transfer = eq_multi_step(&engine->multi)) != NULL) {
    end_order(engine, transfer->order);
  }
  end_exchanges(engine);
}

/* What is ready now, or within that time, is for the next work. */
static void look(struct eq_engine *engine, int ms)
{
  if (engine->multi.multi != NULL) {
    struct eq_transfer *transfer = eq_multi_wait(&engine->multi, ms);
    if (transfer != NULL) {
      end_order(engine, transfer->order);
    }
  }
}

/* What there is to do for a driver. */
struct state {
  bool over;      /* nothing is under way, or it has to leave */
  bool ended;     /* there are results */
  bool many;      /* are under way */
  bool can_begin; /* at once */
  bool full;      /* the queue waits for room */
};

static struct state state_of(struct eq_engine *engine)
{
  eq_engine_lock(engine);
  const bool room = engine->begun < engine->at_most;
  const struct state state = {
      .over = engine->closing || engine->ended.n >= BATCH ||
              (engine->begun == 0 && engine->queue.n == 0),
      .ended = engine->ended.n > 0,
      .many = engine->begun >= TICK_FOR,
      .can_begin = engine->queue.n > 0 && room,
      .full = engine->queue.n > 0 && !room,
  };
  eq_engine_unlock(engine);
  return state;
}

bool eq_engine_step(struct eq_engine *engine, size_t limit, bool arm)
{
  if (!take_drive(engine)) {
    return false;
  }
  look(engine, 0);
  work(engine, limit);
  const struct state state = state_of(engine);
  if (arm && engine->multi.multi != NULL) {
    struct eq_transfer *transfer =
        eq_multi_arm(&engine->multi, state.can_begin,
                     state.full ? engine->expire_at : INT64_MAX);
    if (transfer != NULL) {
      end_order(engine, transfer->order);
    }
  }
  leave_drive(engine);
  return true;
}

/* Waits for an event, or until an order is started. */
static void block(struct eq_engine *engine, int ms)
{
  eq_engine_lock(engine);
  bool free_to = engine->queue.n == 0 || engine->begun >= engine->at_most;
  engine->blocked = free_to;
  eq_engine_unlock(engine);
  look(engine, free_to ? ms : 0);
  eq_engine_lock(engine);
  engine->blocked = false;
  eq_engine_unlock(engine);
}

/* One wait of a driver, after what there was to do is done. */
static void rest(struct eq_engine *engine, const struct state *state, int ms)
{
  static const struct timespec tick = {.tv_nsec = TICK_NS};
  if (state->ended || state->can_begin) {
    look(engine, 0);
  } else if (state->many && engine->hot) {
    (void)nanosleep(&tick, NULL); /* a signal makes it shorter */
    look(engine, 0);
    engine->hot = engine->multi.events.ready_n > 0;
  } else {
    block(engine, ms);
    engine->hot = true;
  }
}

bool eq_engine_drive(struct eq_engine *engine, int ms)
{
  if (!take_drive(engine)) {
    return false;
  }
  int64_t deadline = eq_tick_ns() + (int64_t)ms * EQ_NS_PER_MS;
  for (;;) {
    work(engine, EQ_ENGINE_PACE);
    const struct state state = state_of(engine);
    int64_t left = (deadline - eq_tick_ns() + EQ_NS_PER_MS - 1) / EQ_NS_PER_MS;
    if (state.over || (left <= 0 && ms >= 0)) {
      break;
    }
    int most = state.full ? EXPIRE_MS : INT_MAX;
    rest(engine, &state, ms >= 0 && left < most ? (int)left : most);
    if (state.ended && engine->multi.events.ready_n == 0) {
      break; /* nothing more is ready at once */
    }
  }
  leave_drive(engine);
  return true;
}
