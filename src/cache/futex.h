/*
 * futex: sleep until a 32-bit word changes, and wake the sleepers.
 *
 * Law of this file: every sleep has a limit. The word may lie in memory that
 * processes share, and the waker may be killed before it wakes anyone; hence a
 * timed futex, and no condition variable (a process-shared one hangs for good
 * when one of its waiters is killed).
 */
#ifndef EQ_CACHE_FUTEX_H
#define EQ_CACHE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Sleep while *word == seen, for `ns` nanoseconds at most. May come back
 * early for no reason (signals): the caller checks the word again.
 */
void eq_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t ns);

/* Wake every thread, of any process, that sleeps on the word. */
void eq_futex_wake(_Atomic uint32_t *word);

#endif
