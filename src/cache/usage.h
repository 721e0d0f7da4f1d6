/*
 * usage: how much an entry is needed, and when it was of use last.
 *
 * The usages of a table lie side by side: a search for the entry that is
 * needed least reads them, and not the entries.
 *
 * Law of this file: `used` is written without a lock, all else with the
 * table's. It says what the entry held after the last write; nothing else
 * decides whether an entry may be evicted.
 */
#ifndef EQ_CACHE_USAGE_H
#define EQ_CACHE_USAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Entries of one kind are evicted for others of the same kind only. */
enum eq_kind {
  EQ_KIND_TOKEN,
  EQ_KIND_NOTE, /* what is known beside tokens: failures of accounts */
  EQ_KINDS
};

/* How much would be lost if the entry were given to another name. */
enum eq_rank {
  EQ_RANK_FREE,   /* it has no name */
  EQ_RANK_EMPTY,  /* neither token nor memory of a failure */
  EQ_RANK_TOKEN,  /* a token */
  EQ_RANK_MEMORY, /* memory of a failure, which counts attempts */
  EQ_RANK_PINNED  /* a lease or a back-off: it stays */
};

struct eq_usage {
  _Atomic int64_t used; /* when it was last of use, roughly */
  int64_t pinned_until; /* end of its lease and its back-off */
  int64_t window_until; /* end of the window after the last event */
  uint8_t rank;         /* enum eq_rank, when nothing of that lasts */
  uint8_t kind;         /* enum eq_kind */
};

static inline int eq_usage_rank(const struct eq_usage *usage, int64_t now)
{
  if (usage->rank == EQ_RANK_FREE) {
    return EQ_RANK_FREE;
  }
  if (now < usage->pinned_until) {
    return EQ_RANK_PINNED;
  }
  return now < usage->window_until ? EQ_RANK_MEMORY : usage->rank;
}

static inline int64_t eq_usage_last(struct eq_usage *usage)
{
  return atomic_load_explicit(&usage->used, memory_order_relaxed);
}

#endif
