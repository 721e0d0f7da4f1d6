/*
 * futex: sleep until a 32-bit word changes, and wake those who sleep on it.
 *
 * Law of this file: whoever sleeps wakes by himself in the end. The word may
 * lie in memory that processes share, and a waker may be killed before it
 * wakes; hence a timed futex, and no condition variable (a process-shared
 * one hangs for good when one of its waiters is killed).
 */
#ifndef EQ_CACHE_FUTEX_H
#define EQ_CACHE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Sleep while *word == seen, for `ns` nanoseconds at most. May come back
 * early for no reason (signals): the caller looks again by itself.
 */
void eq_wake_wait(_Atomic uint32_t *word, uint32_t seen, int64_t ns);

/* Wake every thread, of any process, that sleeps on the word. */
void eq_wake_all(_Atomic uint32_t *word);

#endif
