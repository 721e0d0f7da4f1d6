/*
 * clock: the time by which everything here is measured, and deadlines.
 *
 * Laws of this file:
 * - one clock. Lifetimes, deadlines and leases are compared with each other
 *   and across processes, so they all come from the clock that goes on while
 *   the machine sleeps: CLOCK_BOOTTIME on Linux, the monotonic clock
 *   elsewhere. Lua gets the wall-clock time for what is written down; nothing
 *   in the core is measured by it.
 * - a wait is never shorter than what was asked for; a wait without an end
 *   has EQ_NO_DEADLINE for its deadline.
 */
#ifndef EQ_BASE_CLOCK_H
#define EQ_BASE_CLOCK_H

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <time.h>

#define EQ_NS_PER_S INT64_C(1000000000)
#define EQ_NS_PER_MS INT64_C(1000000)

/*
 * Nanoseconds since a start that all processes of this machine share. Costs a
 * system call on Linux: the vDSO does not serve CLOCK_BOOTTIME on every
 * kernel.
 */
int64_t eq_now_ns(void);

/* A timespec of the kernel in nanoseconds. */
static inline int64_t eq_timespec_ns(const struct timespec *t)
{
  return (int64_t)t->tv_sec * EQ_NS_PER_S + (int64_t)t->tv_nsec;
}

#ifdef CLOCK_MONOTONIC_COARSE
#define EQ_CLOCK_TICK CLOCK_MONOTONIC_COARSE
#else
#define EQ_CLOCK_TICK CLOCK_MONOTONIC
#endif

/*
 * A cheap tick, good for one question only: has time moved on since the last
 * call? Monotonic and without a system call, a few milliseconds coarse. It
 * stands still while the machine sleeps; never compare it with eq_now_ns.
 * Inline: every token hit reads it.
 */
static inline int64_t eq_coarse_ns(void)
{
  struct timespec t;
  if (clock_gettime(EQ_CLOCK_TICK, &t) != 0) {
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
  }
  return eq_timespec_ns(&t);
}

/* The same clock, exact: for timers. */
static inline int64_t eq_tick_ns(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t); /* it is there: POSIX */
  return eq_timespec_ns(&t);
}

#define EQ_NO_DEADLINE INT64_C(-1)

/* 31 years: longer than any wait, and its nanoseconds fit into an int64_t. */
#define EQ_DEADLINE_MAX 1e9

/* The time of eq_now_ns in so many seconds; a negative number is now. */
static inline int64_t eq_deadline(double seconds)
{
  seconds = seconds > 0 ? fmin(seconds, EQ_DEADLINE_MAX) : 0;
  return eq_now_ns() + (int64_t)(seconds * (double)EQ_NS_PER_S);
}

/* Milliseconds until then, rounded up, as poll() takes them; -1: no end. */
static inline int eq_deadline_ms(int64_t deadline)
{
  if (deadline == EQ_NO_DEADLINE) {
    return -1;
  }
  int64_t left = deadline - eq_now_ns();
  if (left <= 0) {
    return 0;
  }
  left = (left + EQ_NS_PER_MS - 1) / EQ_NS_PER_MS;
  return left > INT_MAX ? INT_MAX : (int)left;
}

#endif
