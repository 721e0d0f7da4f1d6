/*
 * futex: a shared futex on Linux, a poll elsewhere. The law is in futex.h.
 */
#include "cache/futex.h"

#include <time.h>

/*
 * Where a long has 32 bits, time_t may have 64, and then SYS_futex would read
 * another timespec than the C library's, and would not wait at all.
 */
#if defined(__linux__) && defined(__LP64__)
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_IN_S INT64_C(1000000000)

void eq_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t ns)
{
  if (ns <= 0) {
    return;
  }
  struct timespec span = {
      .tv_sec = (time_t)(ns / NS_IN_S),
      .tv_nsec = (long)(ns % NS_IN_S),
  };
  /*
   * Not FUTEX_WAIT_PRIVATE: the waker may be another process. After every
   * result (woken, changed before, timed out, a signal) the caller checks.
   */
  (void)syscall(SYS_futex, word, FUTEX_WAIT, seen, &span, NULL, 0);
}

void eq_futex_wake(_Atomic uint32_t *word)
{
  (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#else

#define NS_IN_MS INT64_C(1000000)

void eq_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t ns)
{
  /* 1, 2, 4 .. 20 ms: a short renewal is noticed soon, a long one is cheap */
  int64_t nap = NS_IN_MS;
  while (ns > 0 && atomic_load(word) == seen) {
    struct timespec span = {0, (long)(nap < ns ? nap : ns)};
    if (nanosleep(&span, NULL) != 0) {
      return; /* a signal: the caller checks */
    }
    ns -= nap;
    nap = nap < 10 * NS_IN_MS ? nap * 2 : 20 * NS_IN_MS;
  }
}

void eq_futex_wake(_Atomic uint32_t *word)
{
  (void)word; /* the sleepers poll */
}

#endif
