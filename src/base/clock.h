/*
 * clock: the time by which everything here is measured.
 *
 * Law of this file: one clock. Lifetimes, deadlines and leases are compared
 * with each other and across processes, so they all come from the clock that
 * goes on while the machine sleeps: CLOCK_BOOTTIME on Linux, the monotonic
 * clock elsewhere. Wall time is told to Lua, for what is written down; nothing
 * in the core is measured by it.
 */
#ifndef EQ_BASE_CLOCK_H
#define EQ_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define EQ_NS_PER_S INT64_C(1000000000)
#define EQ_NS_PER_MS INT64_C(1000000)

/*
 * Nanoseconds since some start that all processes of this machine share.
 * Costs a system call on Linux: the vDSO does not serve CLOCK_BOOTTIME on
 * every kernel.
 */
int64_t eq_now_ns(void);

/* What the kernel tells, in nanoseconds. */
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
 * A cheap tick, good for one question only: has time moved on since I last
 * asked? Monotonic and without a system call, a few milliseconds coarse. It
 * stands still while the machine sleeps; never compare it with eq_now_ns.
 * Inline: every token hit asks it.
 */
static inline int64_t eq_coarse_ns(void)
{
  struct timespec t;
  if (clock_gettime(EQ_CLOCK_TICK, &t) != 0) {
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
  }
  return eq_timespec_ns(&t);
}

#endif
