/*
 * deadline: until when something waits, as poll() wants to hear it.
 *
 * Law of this file: a wait is never shorter than what was asked for, and one
 * without an end has no number.
 */
#ifndef EQ_BASE_DEADLINE_H
#define EQ_BASE_DEADLINE_H

#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "base/clock.h"

#define EQ_NO_DEADLINE INT64_C(-1)

/* A time that nobody sits out; keeps nanoseconds in an int64_t. */
#define EQ_DEADLINE_MAX 1e9

/* The time, of clock.h, in so many seconds; negative ones are over. */
static inline int64_t eq_deadline(double seconds)
{
  seconds = seconds > 0 ? fmin(seconds, EQ_DEADLINE_MAX) : 0;
  return eq_now_ns() + (int64_t)(seconds * (double)EQ_NS_PER_S);
}

/* Milliseconds until then, rounded up; -1: there is no end. */
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
