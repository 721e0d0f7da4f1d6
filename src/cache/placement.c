/*
 * placement: the laws are in placement.h.
 */
#include "cache/placement.h"

#include <string.h>

/* Entries of tokens come first, those of notes behind them. */
struct range {
  uint32_t first;
  uint32_t end;
};

static struct range range_of(const struct eq_table *table, enum eq_kind kind)
{
  if (kind == EQ_KIND_TOKEN) {
    return (struct range){0, table->tokens};
  }
  return (struct range){table->tokens, table->count};
}

/* ------------------------------------------------------------------- index */

/* A name is a digest with a secret salt: any part of it is a good hash. */
static uint32_t *head_of(const struct eq_table *table,
                         const unsigned char *name)
{
  uint32_t hash;
  memcpy(&hash, name, sizeof hash);
  return &table->index[hash & table->mask];
}

static void link_entry(struct eq_table *table, struct eq_entry *entry)
{
  uint32_t *head = head_of(table, entry->name);
  entry->next = *head;
  *head = (uint32_t)(entry - table->entries) + 1;
}

static void unlink_entry(struct eq_table *table, const struct eq_entry *entry)
{
  uint32_t number = (uint32_t)(entry - table->entries) + 1;
  uint32_t *link = head_of(table, entry->name);
  while (*link != 0 && *link != number) {
    link = &table->entries[*link - 1].next;
  }
  if (*link != 0) {
    *link = entry->next;
  }
}

static bool has_name(const struct eq_entry *entry, const unsigned char *name)
{
  return entry->taken && memcmp(entry->name, name, EQ_NAME_SIZE) == 0;
}

struct eq_entry *eq_placement_find(const struct eq_table *table,
                                   struct eq_entry *hint,
                                   const unsigned char *name)
{
  if (hint != NULL && has_name(hint, name)) {
    return hint;
  }
  uint32_t number = *head_of(table, name);
  while (number != 0) {
    struct eq_entry *entry = &table->entries[number - 1];
    if (has_name(entry, name)) {
      return entry;
    }
    number = entry->next;
  }
  return NULL;
}

/* ---------------------------------------------------------------- eviction */

/* The entry that is needed least, a free one first; NULL: none may go. */
static struct eq_entry *least_needed(struct eq_table *table,
                                     struct range range, int64_t now)
{
  struct eq_entry *least = NULL;
  int least_rank = EQ_RANK_PINNED;
  int64_t least_used = 0;
  for (uint32_t i = range.first; i < range.end && least_rank > 0; i++) {
    struct eq_usage *usage = &table->usages[i];
    int rank = eq_usage_rank(usage, now);
    if (rank > least_rank || rank == EQ_RANK_PINNED) {
      continue;
    }
    int64_t used = eq_usage_last(usage);
    if (rank < least_rank || used < least_used) {
      least = &table->entries[i];
      least_rank = rank;
      least_used = used;
    }
  }
  return least;
}

/* Frees an entry of that kind, if it is not free; NULL: none may go. */
static struct eq_entry *evict(struct eq_table *table, enum eq_kind kind,
                              int64_t now, bool *evicted)
{
  struct eq_entry *entry = least_needed(table, range_of(table, kind), now);
  if (entry != NULL && entry->taken) {
    if (eq_entry_is_of_use(entry, now)) {
      table->evicted[kind]++;
      *evicted = true;
    }
    unlink_entry(table, entry);
    table->taken[kind]--;
    eq_entry_free(entry);
  }
  return entry;
}

/* One that was never used; NULL: all were. */
static struct eq_entry *take_unused(struct eq_table *table, enum eq_kind kind)
{
  uint32_t i = table->used[kind];
  if (i == range_of(table, kind).end) {
    return NULL;
  }
  struct eq_entry *entry = &table->entries[i];
  if (kind == EQ_KIND_TOKEN) {
    eq_entry_init(entry, &table->usages[i], &table->storage[i]);
  } else {
    eq_entry_init_note(entry, &table->usages[i],
                       &table->notes[i - table->tokens]);
  }
  /* Should this process be killed here, no used entry lacks its memory. */
  atomic_signal_fence(memory_order_seq_cst);
  table->used[kind] = i + 1;
  return entry;
}

struct eq_entry *eq_placement_claim(struct eq_table *table,
                                    const unsigned char *name,
                                    enum eq_kind kind, int64_t now,
                                    bool *evicted)
{
  struct eq_entry *entry = take_unused(table, kind);
  if (entry == NULL) {
    entry = evict(table, kind, now, evicted);
  }
  if (entry != NULL) {
    eq_entry_claim(entry, name, kind, now);
    link_entry(table, entry);
    table->taken[kind]++;
  }
  return entry;
}

/* ------------------------------------------------------------------ repair */

void eq_placement_repair(struct eq_table *table)
{
  memset(table->index, 0, sizeof *table->index * ((size_t)table->mask + 1));
  memset(table->taken, 0, sizeof table->taken);
  for (uint32_t i = eq_table_first(table); i < table->used[EQ_KIND_NOTE];
       i = eq_table_next(table, i)) {
    struct eq_entry *entry = &table->entries[i];
    if (eq_entry_generation(entry) % 2 != 0) {
      eq_entry_repair(entry);
    }
    if (entry->taken) {
      link_entry(table, entry);
      table->taken[entry->usage->kind]++;
    }
  }
}
