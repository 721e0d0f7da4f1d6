/*
 * clock: now, time, sleep and random for Lua. The laws are in clock.h.
 */
#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#include "base/compat.h"
#include "base/digest.h"
#include "core.h"

#ifdef CLOCK_BOOTTIME
#define CLOCK_NOW CLOCK_BOOTTIME
#else
#define CLOCK_NOW CLOCK_MONOTONIC
#endif

int64_t eq_now_ns(void)
{
  struct timespec t;
  if (clock_gettime(CLOCK_NOW, &t) == 0) {
    return eq_timespec_ns(&t);
  }
  /* A kernel or a seccomp filter may lack BOOTTIME; POSIX has MONOTONIC. */
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return eq_timespec_ns(&t);
}

/* core.now() -> seconds on the clock of clock.h, with fractions. */
static int l_now(lua_State *L)
{
  lua_pushnumber(L, (lua_Number)eq_now_ns() / (lua_Number)EQ_NS_PER_S);
  return 1;
}

/*
 * core.time() -> seconds since 1970 (UTC), with fractions. It jumps when the
 * clock is set: only for times that are stored, and read after another boot
 * or on another machine.
 */
static int l_time(lua_State *L)
{
  struct timespec t;
  if (clock_gettime(CLOCK_REALTIME, &t) != 0) {
    return luaL_error(L, "core.time: the system clock can't be read");
  }
  lua_pushnumber(L, (lua_Number)eq_timespec_ns(&t) / (lua_Number)EQ_NS_PER_S);
  return 1;
}

/* Longer than any sleep, and far from the end of time_t. */
#define SLEEP_MAX 1e9

/*
 * core.sleep(seconds): blocks this OS thread, at least that long; a signal
 * does not cut it short. Zero, negative and NaN return at once.
 */
static int l_sleep(lua_State *L)
{
  double seconds = (double)luaL_checknumber(L, 1);
  if (!(seconds > 0)) {
    return 0;
  }
  double whole = floor(fmin(seconds, SLEEP_MAX));
  struct timespec left = {
      .tv_sec = (time_t)whole,
      .tv_nsec = (long)((fmin(seconds, SLEEP_MAX) - whole) * 1e9),
  };
  while (nanosleep(&left, &left) != 0) {
    if (errno != EINTR) {
      return luaL_error(L, "core.sleep: nanosleep failed (errno %d)", errno);
    }
  }
  return 0;
}

/*
 * core.random() -> a number in [0, 1), from the operating system's generator.
 * Jitter must differ between workers forked from one Lua state, which
 * math.random, seeded before the fork, does not.
 */
static int l_random(lua_State *L)
{
  uint64_t bits = 0;
  if (!eq_random(&bits, sizeof bits)) {
    return luaL_error(L, "core.random: the system's random generator failed");
  }
  /* A double holds 53 bits: more would round up to 1 now and then. */
  lua_pushnumber(L,
                 (lua_Number)(bits >> 11) / (lua_Number)(UINT64_C(1) << 53));
  return 1;
}

int eq_open_clock(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"now", l_now},   {"random", l_random}, {"sleep", l_sleep},
      {"time", l_time}, {NULL, NULL},
  };
  eq_newlib(L, functions);
  return 1;
}
